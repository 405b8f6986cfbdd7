import {
  elementCount,
  NUMERIC_DTYPES,
  type NumericDType,
  type Tensor,
  tensor,
} from "@serving-kit/inference";
import { dataTypeName, dtypeOf } from "@serving-kit/tensorflow-wire";
import type { TensorProto, TensorShapeProto } from "./messages.js";

/** Maximum bytes of a tensor in a file: protobuf's limit for a message. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * Returns the dimensions of a shape, -1 for an unknown one; null if the rank is unknown. An absent shape is a scalar's,
 * by protobuf's defaults.
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
 * Decodes a `TensorProto`: from its `tensor_content`, else from the field of its type, whose last value repeats until
 * the shape is filled (without values, the elements are zeros).
 *
 * @throws Error with the problem.
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
