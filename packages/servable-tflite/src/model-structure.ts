import { totalmem } from "node:os";
import type { FlatTable } from "./flatbuffer.js";
import { TENSOR_TYPES } from "./tensor-type.js";

/** Field numbers (tensorflow/lite/schema/schema.fbs). */
const MODEL = {
  operatorCodes: 1,
  subgraphs: 2,
  description: 3,
  buffers: 4,
  metadata: 6,
  signatureDefs: 7,
};
const SUBGRAPH = { tensors: 0, inputs: 1, outputs: 2, operators: 3, name: 4 };
const TENSOR = {
  shape: 0,
  type: 1,
  buffer: 2,
  name: 3,
  quantization: 4,
  sparsity: 6,
  shapeSignature: 7,
};
const QUANTIZATION = { min: 0, max: 1, scale: 2, zeroPoint: 3 };
const BUFFER = { data: 0, offset: 1, size: 2 };
const OPERATOR_CODE = { customCode: 1 };
const OPERATOR = {
  code: 0,
  inputs: 1,
  outputs: 2,
  options: 4,
  customOptions: 5,
  intermediates: 8,
  options2: 12,
};
const METADATA = { name: 0, buffer: 1 };

/** An optional tensor that is not there. */
const NO_TENSOR = -1;

/**
 * Checks that all parts of a model lie within the file and that tensors, buffers, operators and
 * their codes refer to what exists. Every prefix of a file fails this: its last bytes belong to
 * something that is reached here. It says nothing of what the operators do with it.
 */
export function checkStructure(model: FlatTable, fileSize: number): void {
  const codes = model.tables(MODEL.operatorCodes);
  for (const code of codes) code.text(OPERATOR_CODE.customCode);
  const buffers = model.tables(MODEL.buffers);
  for (const buffer of buffers) checkBuffer(buffer, fileSize);
  for (const entry of model.tables(MODEL.metadata)) {
    entry.text(METADATA.name);
    checkIndex("buffer", entry.uint32(METADATA.buffer), buffers.length);
  }
  for (const subgraph of model.tables(MODEL.subgraphs)) {
    checkSubgraph(subgraph, buffers.length, codes.length);
  }
  model.text(MODEL.description);
}

function checkBuffer(buffer: FlatTable, fileSize: number): void {
  buffer.bytes(BUFFER.data);
  // Data of files beyond 2 GB lies behind the FlatBuffer; offsets 0 and 1 mean that it does not.
  const offset = buffer.uint64(BUFFER.offset);
  const end = offset + buffer.uint64(BUFFER.size);
  if (offset > 1n && end > fileSize) {
    throw new RangeError(`it has ${fileSize} bytes, but a buffer ends at byte ${end}`);
  }
}

function checkSubgraph(subgraph: FlatTable, bufferCount: number, codeCount: number): void {
  subgraph.text(SUBGRAPH.name);
  const tensors = subgraph.tables(SUBGRAPH.tensors);
  for (const tensor of tensors) checkTensor(tensor, bufferCount);
  checkSizes(tensors);
  const checkTensors = (numbers: readonly number[]) => {
    for (const number of numbers) {
      if (number !== NO_TENSOR) checkIndex("tensor", number, tensors.length);
    }
  };
  checkTensors(subgraph.int32s(SUBGRAPH.inputs));
  checkTensors(subgraph.int32s(SUBGRAPH.outputs));
  for (const operator of subgraph.tables(SUBGRAPH.operators)) {
    checkIndex("operator code", operator.uint32(OPERATOR.code), codeCount);
    checkTensors(operator.int32s(OPERATOR.inputs));
    checkTensors(operator.int32s(OPERATOR.outputs));
    checkTensors(operator.int32s(OPERATOR.intermediates));
    operator.table(OPERATOR.options);
    operator.table(OPERATOR.options2);
    operator.bytes(OPERATOR.customOptions);
  }
}

function checkTensor(tensor: FlatTable, bufferCount: number): void {
  checkIndex("buffer", tensor.uint32(TENSOR.buffer), bufferCount);
  tensor.text(TENSOR.name);
  tensor.int32s(TENSOR.shapeSignature);
  tensor.table(TENSOR.sparsity);
  const quantization = tensor.table(TENSOR.quantization);
  quantization?.float32s(QUANTIZATION.min);
  quantization?.float32s(QUANTIZATION.max);
  quantization?.float32s(QUANTIZATION.scale);
  quantization?.int64s(QUANTIZATION.zeroPoint);
}

/**
 * Bounds what the interpreter allocates, since TensorFlow Lite aborts the process where memory fails.
 * It counts the bytes of a tensor in an int.
 */
function checkSizes(tensors: readonly FlatTable[]): void {
  let total = 0;
  for (const tensor of tensors) {
    const shape = tensor.int32s(TENSOR.shape);
    const bits = TENSOR_TYPES[tensor.uint8(TENSOR.type)]?.bits ?? 0;
    const bytes = shape.reduce((product, extent) => product * Math.abs(extent), bits / 8);
    total += bytes;
    if (bytes >= 2 ** 31 || total > totalmem()) {
      throw new RangeError(`a tensor of shape [${shape}] is more than can be allocated`);
    }
  }
}

function checkIndex(what: string, index: number, count: number): void {
  if (index < 0 || index >= count)
    throw new RangeError(`it refers to ${what} ${index} of ${count}`);
}
