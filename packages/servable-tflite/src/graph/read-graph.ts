import { totalmem } from "node:os";
import { FlatBuffer, type FlatTable } from "../flatbuffer.js";
import { builtinName, CUSTOM } from "./builtin-operators.js";
import {
  type Graph,
  type GraphTensor,
  NO_TENSOR,
  type Operator,
  type SignatureDef,
  type Subgraph,
} from "./graph.js";
import { checkOrder } from "./operator-order.js";
import { readGraphTensor } from "./read-graph-tensor.js";
import { checkOperands } from "./required-operands.js";

/** Field numbers (tensorflow/lite/schema/schema.fbs). */
const MODEL = {
  operatorCodes: 1,
  subgraphs: 2,
  description: 3,
  buffers: 4,
  metadata: 6,
  signatures: 7,
};
const SUBGRAPH = { tensors: 0, inputs: 1, outputs: 2, operators: 3, name: 4 };
const OPERATOR_CODE = { deprecatedBuiltin: 0, customCode: 1, version: 2, builtin: 3 };
const OPERATOR = {
  code: 0,
  inputs: 1,
  outputs: 2,
  options: 4,
  customOptions: 5,
  intermediates: 8,
  options2: 12,
};
const BUFFER = { data: 0, offset: 1, size: 2 };
const METADATA = { name: 0, buffer: 1 };
const SIGNATURE_DEF = { inputs: 0, outputs: 1, key: 2, subgraph: 4 };
const TENSOR_MAP = { name: 0, tensor: 1 };

const MIN_RUNTIME_VERSION = "min_runtime_version";

/**
 * Reads the whole graph of a .tflite file. Checks that all its parts are within the file, that references to tensors,
 * buffers, operators and operator codes are valid, that operators have their required operands, and that operators come
 * after those whose outputs they read. Every truncated file fails, because the last bytes of a file belong to a part
 * that is read here.
 *
 * @throws RangeError with what is wrong in the bytes.
 */
export function readGraph(bytes: Uint8Array): Graph {
  const model = new FlatBuffer(bytes).root("TFL3");
  model.text(MODEL.description);
  const codes = model.tables(MODEL.operatorCodes).map(readOperatorCode);
  const buffers = model.tables(MODEL.buffers).map((buffer) => readBuffer(buffer, bytes));
  const subgraphs = model
    .tables(MODEL.subgraphs)
    .map((table, index) => readSubgraph(table, index, buffers, codes));
  if (subgraphs.length === 0) throw new RangeError("it has no subgraph");
  const metadata = readMetadata(model, buffers);
  const minRuntimeVersion = textOf(metadata.get(MIN_RUNTIME_VERSION));
  return {
    subgraphs,
    signatureDefs: model.tables(MODEL.signatures).map(readSignatureDef),
    metadata,
    ...(minRuntimeVersion !== "" && { minRuntimeVersion }),
  };
}

/** Returns an item of a list that the file refers to. @throws RangeError if it does not exist. */
export function referredTo<T>(list: readonly T[], index: number, what: string): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`it refers to ${what} ${index} of ${list.length}`);
  return item;
}

type OperatorCode = Pick<Operator, "code" | "name" | "customCode" | "version">;

/** Files from before 2.4 have the number in the older field, which is a signed byte. */
function readOperatorCode(table: FlatTable): OperatorCode {
  const deprecated = (table.uint8(OPERATOR_CODE.deprecatedBuiltin) << 24) >> 24;
  const code = Math.max(deprecated, table.int32(OPERATOR_CODE.builtin));
  const customCode = table.text(OPERATOR_CODE.customCode) ?? "";
  const version = table.int32(OPERATOR_CODE.version, 1);
  if (code !== CUSTOM) return { code, name: builtinName(code), version };
  return { code, name: customCode, customCode, version };
}

function readBuffer(table: FlatTable, file: Uint8Array): Uint8Array | undefined {
  const data = table.bytes(BUFFER.data);
  // In files beyond 2 GB, data is after the FlatBuffer; offsets 0 and 1 mean that it is not.
  const offset = table.uint64(BUFFER.offset);
  const end = offset + table.uint64(BUFFER.size);
  if (offset > 1n && end > file.byteLength) {
    throw new RangeError(`it has ${file.byteLength} bytes, but a buffer ends at byte ${end}`);
  }
  return data ?? (offset > 1n ? file.subarray(Number(offset), Number(end)) : undefined);
}

function readMetadata(model: FlatTable, buffers: readonly (Uint8Array | undefined)[]) {
  const metadata = new Map<string, Uint8Array>();
  for (const entry of model.tables(MODEL.metadata)) {
    const name = entry.text(METADATA.name) ?? "";
    const buffer = entry.uint32(METADATA.buffer);
    if (buffer >= buffers.length) {
      throw new RangeError(`it refers to buffer ${buffer} of ${buffers.length}`);
    }
    metadata.set(name, buffers[buffer] ?? new Uint8Array());
  }
  return metadata;
}

/** Converters pad the string with zeros to 16 bytes. */
function textOf(bytes: Uint8Array | undefined): string {
  const text = new TextDecoder().decode(bytes?.subarray(0, 16));
  return text.split("\0", 1)[0] as string;
}

function readSubgraph(
  table: FlatTable,
  index: number,
  buffers: readonly (Uint8Array | undefined)[],
  codes: readonly OperatorCode[],
): Subgraph {
  const tensors = table
    .tables(SUBGRAPH.tensors)
    .map((tensor, number) => readGraphTensor(tensor, number, buffers));
  checkSizes(tensors);
  const numbersOf = (owner: FlatTable, field: number) => {
    const numbers = owner.int32s(field);
    for (const number of numbers) {
      if (number !== NO_TENSOR) referredTo(tensors, number, "tensor");
    }
    return numbers;
  };
  const operators = table
    .tables(SUBGRAPH.operators)
    .map((operator, place) => readOperator(operator, place, codes, numbersOf));
  checkOrder(operators);
  return {
    index,
    name: table.text(SUBGRAPH.name) ?? "",
    tensors,
    inputs: numbersOf(table, SUBGRAPH.inputs),
    outputs: numbersOf(table, SUBGRAPH.outputs),
    operators,
  };
}

function readOperator(
  table: FlatTable,
  index: number,
  codes: readonly OperatorCode[],
  numbersOf: (owner: FlatTable, field: number) => readonly number[],
): Operator {
  const options = table.table(OPERATOR.options);
  const options2 = table.table(OPERATOR.options2);
  const customOptions = table.bytes(OPERATOR.customOptions);
  const operator: Operator = {
    index,
    ...referredTo(codes, table.uint32(OPERATOR.code), "operator code"),
    inputs: numbersOf(table, OPERATOR.inputs),
    outputs: numbersOf(table, OPERATOR.outputs),
    intermediates: numbersOf(table, OPERATOR.intermediates),
    ...(options !== undefined && { options }),
    ...(options2 !== undefined && { options2 }),
    ...(customOptions !== undefined && { customOptions }),
  };
  checkOperands(operator);
  return operator;
}

/**
 * Limits the memory of the interpreter, because TensorFlow Lite aborts the process if an allocation fails. TensorFlow
 * Lite counts the bytes of a tensor in an int.
 */
function checkSizes(tensors: readonly GraphTensor[]): void {
  let total = 0;
  for (const { shape, type } of tensors) {
    const bits = type?.bits ?? 0;
    const bytes = shape.reduce((product, extent) => product * Math.abs(extent), bits / 8);
    total += bytes;
    if (bytes >= 2 ** 31 || total > totalmem()) {
      throw new RangeError(`a tensor of shape [${shape}] is more than can be allocated`);
    }
  }
}

function readSignatureDef(table: FlatTable): SignatureDef {
  const named = (field: number) =>
    table.tables(field).map((map) => ({
      name: map.text(TENSOR_MAP.name) ?? "",
      tensor: map.uint32(TENSOR_MAP.tensor),
    }));
  return {
    key: table.text(SIGNATURE_DEF.key) ?? "",
    subgraph: table.uint32(SIGNATURE_DEF.subgraph),
    inputs: named(SIGNATURE_DEF.inputs),
    outputs: named(SIGNATURE_DEF.outputs),
  };
}
