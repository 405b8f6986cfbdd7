import {
  elementCount,
  inferenceErrors,
  NUMERIC_DTYPES,
  type NumericDType,
  type Tensor,
} from "@serving-kit/inference";
import type { BackwardWriter } from "./backward-writer.js";
import { DATA_TYPES } from "./data-type.js";
import { TENSOR_FIELDS } from "./tensor-fields.js";
import { bytesOf, type NumericData } from "./tensor-values.js";

/**
 * Writes the fields of a TensorProto: all values in the typed field, or as `tensor_content`.
 *
 * @throws ServingError INTERNAL / OUTPUT_INVALID if the elements do not fill the shape.
 */
export function encodeTensor(
  writer: BackwardWriter,
  name: string,
  tensor: Tensor,
  asContent: boolean,
): void {
  const { dtype, shape, data } = tensor;
  const width = dtype === "string" ? 1 : NUMERIC_DTYPES[dtype].entriesPerElement;
  if (data.length !== elementCount(shape) * width) {
    throw inferenceErrors.outputInvalid(name, shape, dtype, data.length);
  }
  if (data.length > 0) {
    if (!asContent) writeValues(writer, tensor);
    else if (dtype === "string") writeStringContent(writer, tensor as Tensor<"string">);
    else writer.bytesField(4, bytesOf(data as NumericData));
  }
  const end = writer.length;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = shape[i] as number;
    const dimension = writer.length;
    if (size !== 0) {
      writer.varint64(BigInt(size));
      writer.varint(1 << 3);
    }
    writer.prefix(2, dimension);
  }
  writer.prefix(2, end);
  writer.varint(DATA_TYPES[dtype]);
  writer.varint(1 << 3);
}

function writeValues(writer: BackwardWriter, { dtype, data }: Tensor): void {
  const { field, kind } = TENSOR_FIELDS[dtype];
  if (kind === "bytes") {
    const strings = data as readonly Uint8Array[];
    for (let i = strings.length - 1; i >= 0; i--)
      writer.bytesField(field, strings[i] as Uint8Array);
    return;
  }
  if (kind === "float" || kind === "double" || kind === "bool") {
    // Their packed form equals the memory of the array.
    writer.bytesField(field, bytesOf(data as NumericData));
    return;
  }
  const end = writer.length;
  if (kind === "int64" || kind === "uint64") {
    const integers = data as BigInt64Array;
    for (let i = integers.length - 1; i >= 0; i--) writer.varint64(integers[i] as bigint);
  } else {
    const integers = data as Tensor<Exclude<NumericDType, "int64" | "uint64">>["data"];
    for (let i = integers.length - 1; i >= 0; i--) writer.int32(integers[i] as number);
  }
  writer.prefix(field, end);
}

/** Writes TensorFlow's string list: the lengths of all strings, then all their bytes. */
function writeStringContent(writer: BackwardWriter, { data }: Tensor<"string">): void {
  const end = writer.length;
  for (let i = data.length - 1; i >= 0; i--) writer.bytes(data[i] as Uint8Array);
  for (let i = data.length - 1; i >= 0; i--) writer.varint((data[i] as Uint8Array).length);
  writer.prefix(4, end);
}
