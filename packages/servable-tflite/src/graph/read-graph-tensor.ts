import type { FlatTable } from "../flatbuffer.js";
import { TENSOR_TYPES, type TensorType } from "../tensor-type.js";
import type { GraphQuantization, GraphTensor } from "./graph.js";

/** Field numbers (tensorflow/lite/schema/schema.fbs). */
const TENSOR = {
  shape: 0,
  type: 1,
  buffer: 2,
  name: 3,
  quantization: 4,
  isVariable: 5,
  sparsity: 6,
  shapeSignature: 7,
  hasRank: 8,
};
const QUANTIZATION = { min: 0, max: 1, scale: 2, zeroPoint: 3, dimension: 6 };

/** Reads one tensor of a subgraph. @throws RangeError with what is wrong in the bytes. */
export function readGraphTensor(
  table: FlatTable,
  index: number,
  buffers: readonly (Uint8Array | undefined)[],
): GraphTensor {
  const typeNumber = table.uint8(TENSOR.type);
  const buffer = table.uint32(TENSOR.buffer);
  if (buffer >= buffers.length) {
    throw new RangeError(`it refers to buffer ${buffer} of ${buffers.length}`);
  }
  const type = TENSOR_TYPES[typeNumber];
  const shape = table.int32s(TENSOR.shape);
  const isSparse = table.table(TENSOR.sparsity) !== undefined;
  // Buffer 0 means that there is no buffer, even if it has bytes.
  const data = buffer === 0 ? undefined : buffers[buffer];
  if (data !== undefined && !isSparse) checkData(data, shape, type, index);
  const quantization = readQuantization(table.table(TENSOR.quantization));
  return {
    index,
    name: table.text(TENSOR.name) ?? "",
    typeNumber,
    type,
    shape,
    shapeSignature: table.int32s(TENSOR.shapeSignature),
    hasRank: table.uint8(TENSOR.hasRank) !== 0,
    isSparse,
    isVariable: table.uint8(TENSOR.isVariable) !== 0,
    ...(data !== undefined && { data }),
    ...(quantization !== undefined && { quantization }),
  };
}

/** TensorFlow Lite rejects a constant with too few elements. A buffer without bytes does not belong to a constant. */
function checkData(
  { byteLength }: Uint8Array,
  shape: readonly number[],
  type: TensorType | undefined,
  index: number,
): void {
  const elements = shape.reduce((product, extent) => product * Math.abs(extent), 1);
  const bytes = Math.ceil((elements * (type?.bits ?? 0)) / 8);
  if (byteLength > 0 && byteLength < bytes) {
    throw new RangeError(
      `tensor ${index} has ${byteLength} bytes of data, but ${type?.name} of shape [${shape}] needs ${bytes}`,
    );
  }
}

function readQuantization(table: FlatTable | undefined): GraphQuantization | undefined {
  table?.float32s(QUANTIZATION.min);
  table?.float32s(QUANTIZATION.max);
  const scale = table?.float32s(QUANTIZATION.scale) ?? [];
  const zeroPoint = table?.int64s(QUANTIZATION.zeroPoint) ?? [];
  if (table === undefined || scale.length === 0) return undefined;
  return { scale, zeroPoint, dimension: table.int32(QUANTIZATION.dimension) };
}
