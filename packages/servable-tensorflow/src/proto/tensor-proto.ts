import {
  elementCount,
  NUMERIC_DTYPES,
  type NumericDType,
  type Tensor,
  tensor,
} from "@serving-kit/inference";
import { dataTypeName, dtypeOf } from "@serving-kit/tensorflow-wire";
import type { TensorProto, TensorShapeProto } from "./messages.js";

/** The most bytes that a tensor of a file may take: what protobuf allows a message. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * The dimensions of a shape, -1 where one is not known; null where not even the rank is. A shape that is
 * absent is that of a scalar, as protobuf's defaults have it.
 */
export function shapeOf(shape: TensorShapeProto | null | undefined): readonly number[] | null {
  if (!shape) return [];
  if (shape.unknownRank) return null;
  return shape.dim.map(({ size }) => {
    const extent = Number(size);
    return Number.isSafeInteger(extent) && extent >= 0 ? extent : -1;
  });
}

/**
 * The tensor that a `TensorProto` describes: by its `tensor_content`, else by the field of its type,
 * whose last value repeats until the shape is filled (none at all is zeros).
 *
 * @throws Error that says what is wrong with it.
 */
export function tensorFromProto(proto: TensorProto): Tensor {
  const dtype = dtypeOf(proto.dtype);
  if (dtype === undefined) throw new Error(`it is of type ${dataTypeName(proto.dtype)}`);
  const shape = shapeOf(proto.tensorShape);
  if (shape === null || shape.includes(-1)) throw new Error("its shape is not known");
  const count = elementCount(shape);
  if (dtype === "string") {
    checkSize(count * 24);
    const strings = filled(proto.stringVal, count, new Uint8Array(0));
    return tensor("string", shape, strings);
  }
  const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
  const entries = count * entriesPerElement;
  checkSize(entries * array.BYTES_PER_ELEMENT);
  if (proto.tensorContent.length > 0) {
    if (proto.tensorContent.length !== entries * array.BYTES_PER_ELEMENT) {
      throw new Error(
        `shape [${shape}] of ${dtype} takes ${entries * array.BYTES_PER_ELEMENT} bytes; got ${proto.tensorContent.length}`,
      );
    }
    const data = new array(Uint8Array.from(proto.tensorContent).buffer);
    return { dtype, shape, data } as Tensor;
  }
  const data = new array(entries);
  const values = valuesOf(dtype, proto);
  if (values.length > entries) {
    throw new Error(`shape [${shape}] takes ${entries} values; got ${values.length}`);
  }
  const last = values.length - entriesPerElement;
  for (let i = 0; i < entries && last >= 0; i++) {
    const value = values[i < values.length ? i : last + (i % entriesPerElement)];
    (data as { [i: number]: unknown })[i] = value;
  }
  return { dtype, shape, data } as Tensor;
}

function checkSize(bytes: number): void {
  if (bytes > MAX_BYTES) throw new Error(`it would take ${bytes} bytes; at most ${MAX_BYTES} do`);
}

function filled<T>(values: readonly T[], count: number, zero: T): T[] {
  if (values.length > count) throw new Error(`it takes ${count} values; got ${values.length}`);
  return Array.from({ length: count }, (_, i) => values[Math.min(i, values.length - 1)] ?? zero);
}

function valuesOf(dtype: NumericDType, proto: TensorProto): ArrayLike<number | bigint | boolean> {
  switch (dtype) {
    case "float32":
      return proto.floatVal;
    case "float64":
      return proto.doubleVal;
    case "float16":
    case "bfloat16":
      return proto.halfVal;
    case "complex64":
      return proto.scomplexVal;
    case "complex128":
      return proto.dcomplexVal;
    case "bool":
      return proto.boolVal.map(Number);
    case "uint32":
      return proto.uint32Val;
    case "int64":
      return proto.int64Val.map((value) => BigInt(value.toString()));
    case "uint64":
      return proto.uint64Val.map((value) => BigInt(value.toString()));
    default:
      return proto.intVal;
  }
}
