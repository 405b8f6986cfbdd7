import { type DType, elementCount, inferenceErrors, type Tensor } from "@serving-kit/inference";
import { codecKernel } from "./codec-kernel.js";
import { errors } from "./errors.js";
import { dtypeName, isJsonDType, type JsonDType } from "./json-dtypes.js";
import { CHAR } from "./json-text.js";
import type { JsonWriter } from "./json-writer.js";
import { KINDS, type NumberKind } from "./number-kind.js";
import type { NumberData } from "./number-writer.js";
import { writeFloat32, writeFloat64 } from "./write-float.js";
import { writeInteger } from "./write-integer.js";

/** Maximum bytes of an element and the comma after it; strings are measured. */
const WIDTHS: Record<Exclude<JsonDType, "string">, number> = {
  float32: 16,
  float64: 25,
  int8: 5,
  uint8: 4,
  int16: 7,
  int32: 12,
  uint32: 11,
  int64: 21,
  uint64: 21,
  bool: 6,
};

/** Returns whether a string output is written as base64 objects: its name ends with `_bytes`. */
const isBytes = (name: string) => name.endsWith("_bytes");

/**
 * Returns the maximum number of bytes that `writeTensor` writes.
 *
 * @throws ServingError INVALID_ARGUMENT / OUTPUT_UNFIT for a dtype that has no form in JSON, INTERNAL / OUTPUT_INVALID
 * if the data do not fill the shape.
 */
export function boundOf(name: string, { dtype, shape, data }: Tensor): number {
  if (!isJsonDType(dtype)) {
    throw errors.outputUnfit(`Failed to write JSON value for tensor type: ${dtypeName(dtype)}`);
  }
  if (data.length !== elementCount(shape)) {
    throw inferenceErrors.outputInvalid(name, shape, dtype, data.length);
  }
  let lists = 1;
  let brackets = 0;
  for (const size of shape) {
    brackets += 3 * lists;
    lists *= size;
  }
  if (dtype !== "string") return brackets + (data.length + 1) * WIDTHS[dtype];
  let content = 0;
  for (const { length } of data as readonly Uint8Array[]) {
    content += isBytes(name) ? 4 * Math.ceil(length / 3) + 12 : 6 * length + 3;
  }
  return brackets + content;
}

/** Writes a tensor as nested lists, a scalar without a list; with `row`, only that slice of dimension 0. */
export function writeTensor(writer: JsonWriter, name: string, tensor: Tensor, row?: number): void {
  const { dtype, data } = tensor;
  const shape = row === undefined ? tensor.shape : tensor.shape.slice(1);
  const size = elementCount(shape);
  const write = WRITERS[dtype as JsonDType] as ElementsWriter;
  const kernel = size < LEAST_ELEMENTS ? undefined : kernelFor(dtype, data);
  const lists = { writer, data, shape, write, kernel, isBytes: isBytes(name) };
  writeLists(lists, 0, (row ?? 0) * size, size);
}

/** Minimum number of elements for the kernel. It gains nothing for smaller tensors, which JavaScript writes. */
const LEAST_ELEMENTS = 8;

type ElementsWriter = (
  writer: JsonWriter,
  data: Tensor["data"],
  from: number,
  to: number,
  isBytes: boolean,
) => void;

interface Lists {
  readonly writer: JsonWriter;
  readonly data: Tensor["data"];
  readonly shape: readonly number[];
  readonly write: ElementsWriter;
  /**
   * Writes the elements, and the ends of innermost lists between them. Undefined if only `write` supports the dtype.
   */
  readonly kernel: RowsWriter | undefined;
  readonly isBytes: boolean;
}

type RowsWriter = (writer: JsonWriter, from: number, to: number, rowLength: number) => void;

function kernelFor(dtype: DType, data: Tensor["data"]): RowsWriter | undefined {
  const kind = (KINDS as Partial<Record<DType, NumberKind>>)[dtype];
  if (kind === undefined || !ArrayBuffer.isView(data)) return undefined;
  const kernel = codecKernel()?.writer;
  return (
    kernel &&
    ((writer, from, to, rowLength) =>
      kernel.write(writer, kind, data as NumberData, from, to, rowLength))
  );
}

function writeLists(lists: Lists, level: number, from: number, size: number): void {
  const { writer, data, shape, kernel } = lists;
  const last = shape.length - 1;
  if (level > last) {
    lists.write(writer, data, from, from + 1, lists.isBytes);
    return;
  }
  const extent = shape[level] as number;
  writer.out[writer.at++] = CHAR.openArray;
  if (level === last) {
    if (kernel) kernel(writer, from, from + extent, extent);
    else if (extent > 0) lists.write(writer, data, from, from + extent, lists.isBytes);
  } else if (kernel && level === last - 1) {
    writer.out[writer.at++] = CHAR.openArray;
    kernel(writer, from, from + size, shape[last] as number);
    writer.out[writer.at++] = CHAR.closeArray;
  } else {
    const stride = size / extent;
    for (let i = 0; i < extent; i++) {
      if (i > 0) writer.out[writer.at++] = CHAR.comma;
      writeLists(lists, level + 1, from + i * stride, stride);
    }
  }
  writer.out[writer.at++] = CHAR.closeArray;
}

// Each function writes the elements from..to, separated by commas. One loop for each kind of array keeps each loop
// monomorphic.

function writeFloat32s(writer: JsonWriter, data: Tensor["data"], from: number, to: number): void {
  const floats = data as Float32Array;
  const { out } = writer;
  let at = writeFloat32(out, writer.at, floats[from] as number);
  for (let i = from + 1; i < to; i++) {
    out[at++] = CHAR.comma;
    at = writeFloat32(out, at, floats[i] as number);
  }
  writer.at = at;
}

function writeFloat64s(writer: JsonWriter, data: Tensor["data"], from: number, to: number): void {
  const doubles = data as Float64Array;
  const { out } = writer;
  let at = writeFloat64(out, writer.at, doubles[from] as number);
  for (let i = from + 1; i < to; i++) {
    out[at++] = CHAR.comma;
    at = writeFloat64(out, at, doubles[i] as number);
  }
  writer.at = at;
}

function writeIntegers(writer: JsonWriter, data: Tensor["data"], from: number, to: number): void {
  const integers = data as Int32Array;
  const { out } = writer;
  let at = writeInteger(out, writer.at, integers[from] as number);
  for (let i = from + 1; i < to; i++) {
    out[at++] = CHAR.comma;
    at = writeInteger(out, at, integers[i] as number);
  }
  writer.at = at;
}

function writeInt64s(writer: JsonWriter, data: Tensor["data"], from: number, to: number): void {
  const integers = data as BigInt64Array;
  for (let i = from; i < to; i++) {
    if (i > from) writer.out[writer.at++] = CHAR.comma;
    writer.raw(String(integers[i]));
  }
}

function writeBools(writer: JsonWriter, data: Tensor["data"], from: number, to: number): void {
  const bools = data as Uint8Array;
  for (let i = from; i < to; i++) {
    if (i > from) writer.out[writer.at++] = CHAR.comma;
    writer.raw(bools[i] === 0 ? "false" : "true");
  }
}

const writeStrings: ElementsWriter = (writer, data, from, to, isBytes) => {
  const strings = data as readonly Uint8Array[];
  for (let i = from; i < to; i++) {
    if (i > from) writer.out[writer.at++] = CHAR.comma;
    if (isBytes) writer.base64(strings[i] as Uint8Array);
    else writer.string(strings[i] as Uint8Array);
  }
};

const WRITERS: Record<JsonDType & DType, ElementsWriter> = {
  float32: writeFloat32s,
  float64: writeFloat64s,
  int8: writeIntegers,
  uint8: writeIntegers,
  int16: writeIntegers,
  int32: writeIntegers,
  uint32: writeIntegers,
  int64: writeInt64s,
  uint64: writeInt64s,
  bool: writeBools,
  string: writeStrings,
};
