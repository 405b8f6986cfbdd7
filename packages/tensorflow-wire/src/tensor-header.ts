import { type DType, elementCount } from "@serving-kit/inference";
import { DTYPES } from "./data-type.js";
import { TENSOR_FIELDS, type TensorField } from "./tensor-fields.js";
import { WIRE, type WireReader } from "./wire-reader.js";

/** Maximum rank of TensorFlow's tensors. */
const MAX_RANK = 254;

/** Maximum size of a tensor in bytes, which is the maximum size of a message. */
export const MAX_TENSOR_BYTES = 2 ** 31 - 1;

/** The content of a TensorProto except for its typed values. */
export interface TensorHeader {
  readonly dtype: DType;
  readonly field: TensorField;
  readonly shape: readonly number[];
  /** The number of elements of the shape. */
  readonly count: number;
  /** `tensor_content`, if present. */
  readonly content: Uint8Array | undefined;
}

/**
 * Reads all fields except the typed values. If a field occurs twice, the last one counts; shapes are concatenated.
 *
 * @throws The error that `unfit` returns for a dtype or shape that no tensor can have.
 */
export function readHeader(reader: WireReader, unfit: (problem: string) => Error): TensorHeader {
  let dataType = 0;
  let content: Uint8Array | undefined;
  const shape: number[] = [];
  let hasUnknownRank = false;
  while (reader.hasMore) {
    const tag = reader.tag();
    switch (tag) {
      case (1 << 3) | WIRE.varint:
        dataType = reader.uint32();
        break;
      case (2 << 3) | WIRE.bytes:
        hasUnknownRank = readShape(reader.message(), shape) || hasUnknownRank;
        break;
      case (4 << 3) | WIRE.bytes:
        content = reader.content();
        break;
      default:
        reader.skip(tag);
    }
  }
  const dtype = DTYPES.get(dataType);
  if (dtype === undefined) throw unfit(`no tensor can have the DataType ${dataType}`);
  if (hasUnknownRank || shape.length > MAX_RANK || shape.some((size) => size < 0)) {
    throw unfit("its shape must be known, of at most 254 dimensions, none negative");
  }
  const count = countOf(shape);
  if (count > MAX_TENSOR_BYTES) throw unfit(`shape [${shape}] is too large`);
  return { dtype, field: TENSOR_FIELDS[dtype], shape, count, content };
}

/** The number of elements; Infinity if a dimension, or the product of the dimensions that are not 0, exceeds 2^53. */
function countOf(shape: readonly number[]): number {
  try {
    return elementCount(shape);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Appends the dimensions of a TensorShapeProto. Returns whether its rank is unknown. */
function readShape(reader: WireReader, shape: number[]): boolean {
  let hasUnknownRank = false;
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === ((3 << 3) | WIRE.varint)) hasUnknownRank = reader.bool();
    else if (tag === ((2 << 3) | WIRE.bytes)) {
      const dimension = reader.message();
      let size = 0n;
      while (dimension.hasMore) {
        const inner = dimension.tag();
        if (inner === ((1 << 3) | WIRE.varint)) size = dimension.int64();
        else dimension.skip(inner);
      }
      if (shape.length <= MAX_RANK) shape.push(Number(size));
    } else reader.skip(tag);
  }
  return hasUnknownRank;
}
