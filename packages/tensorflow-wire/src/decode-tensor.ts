import {
  type DType,
  type MemoryAllowance,
  NUMERIC_DTYPES,
  type NumericDType,
  OBJECT_BYTES,
  type Predictor,
  type Tensor,
} from "@serving-kit/inference";
import { errors } from "./errors.js";
import { MAX_TENSOR_BYTES, readHeader, type TensorHeader } from "./tensor-header.js";
import {
  bytesOf,
  fillFixed,
  fillVarints,
  type NumericData,
  stringValues,
} from "./tensor-values.js";
import { WIRE, WireReader } from "./wire-reader.js";

/** The memory for the tensors of one request. */
export interface TensorMemory {
  readonly allocate?: Predictor["allocate"];
  /** The memory that the tensors may take. It is taken before they are created. */
  readonly allowance: MemoryAllowance;
}

/**
 * Minimum length of content that is moved to an aligned offset. It is moved over up to 7 preceding bytes, which have
 * already been read: the prefixes of such content, of its tensor and of the tensor's entry take 9 bytes.
 */
const MIN_SHIFTED_BYTES = 128;

/**
 * Reads a TensorProto: `tensor_content` if present, otherwise the typed values of the dtype. The last typed value is
 * repeated for all that are missing; if there are none, the elements are zeros.
 *
 * The tensor must be in the map of a request that owns its bytes and reads them once: `tensor_content` becomes a view
 * of them, moved there to an offset that is aligned for the dtype's array. Short content at an unaligned offset is
 * copied.
 *
 * @throws ServingError of the allowance; INVALID_ARGUMENT with TF Serving's `tensor parsing error: <name>` and the
 * problem: REQUEST_UNFIT, or MESSAGE_INVALID.
 */
export function decodeTensor(name: string, reader: WireReader, memory: TensorMemory): Tensor {
  const unfit = (problem: string) => errors.tensorInvalid(name, problem);
  const header = readHeader(reader.fork(), unfit);
  const { dtype, shape, count, content } = header;
  const size = count * elementBytes(dtype);
  if (size > MAX_TENSOR_BYTES) throw unfit(`shape [${shape}] of ${dtype} is too large`);
  if (dtype === "string") return { dtype, shape, data: stringsOf(header, reader, memory, unfit) };
  // A view of the message takes no more memory.
  if (!content?.length) memory.allowance.take(size);
  return content?.length
    ? tensorOfContent(dtype, header, content, memory, unfit)
    : tensorOfValues(dtype, header, reader, memory);
}

/** Returns the elements of a string tensor. The memory of their objects is taken first. */
function stringsOf(
  { content, count, field: { field } }: TensorHeader,
  reader: WireReader,
  { allowance }: TensorMemory,
  unfit: (problem: string) => Error,
): Uint8Array[] {
  if (content?.length) {
    allowance.take(count * OBJECT_BYTES.view);
    return stringsOfContent(content, count, unfit);
  }
  const given = Math.min(count, reader.count((field << 3) | WIRE.bytes));
  allowance.take(given * OBJECT_BYTES.view + (count - given) * elementBytes("string"));
  const strings = stringValues(reader, field, count);
  // The runtimes copy the last string as often as it is repeated.
  allowance.take((count - given) * (strings[count - 1]?.length ?? 0));
  return strings;
}

function tensorOfContent(
  dtype: NumericDType,
  { shape, count }: TensorHeader,
  content: Uint8Array,
  { allocate }: TensorMemory,
  unfit: (problem: string) => Error,
): Tensor {
  const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
  const size = count * elementBytes(dtype);
  if (content.length !== size) {
    throw unfit(`shape [${shape}] of ${dtype} takes ${size} bytes; got ${content.length}`);
  }
  const entries = count * entriesPerElement;
  const excess = content.byteOffset % array.BYTES_PER_ELEMENT;
  const allocated = allocate?.(dtype, shape);
  if (allocated === undefined && (excess === 0 || content.length >= MIN_SHIFTED_BYTES)) {
    const { buffer, byteOffset } = content;
    // Moving within the message is many times faster than copying into new memory.
    if (excess > 0) new Uint8Array(buffer, byteOffset - excess).set(content);
    const data = new array(buffer, byteOffset - excess, entries);
    return { dtype, shape, data: narrow(dtype, data) };
  }
  // Not zeroed, because all of it is written.
  const memory = () => new array(Buffer.allocUnsafeSlow(size).buffer, 0, entries);
  const data = (allocated?.data ?? memory()) as NumericData;
  bytesOf(data).set(content);
  narrow(dtype, data);
  return allocated ?? { dtype, shape, data };
}

function tensorOfValues(
  dtype: NumericDType,
  { field, shape, count }: TensorHeader,
  reader: WireReader,
  { allocate }: TensorMemory,
): Tensor {
  const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
  const allocated = allocate?.(dtype, shape);
  const data = (allocated?.data ?? new array(count * entriesPerElement)) as NumericData;
  const { kind } = field;
  const filled =
    kind === "float" || kind === "double"
      ? fillFixed(reader, field, data)
      : fillVarints(reader, field, data);
  // The last element, of one or two entries, is repeated for the missing ones.
  const whole = filled - (filled % entriesPerElement);
  if (whole === 0) bytesOf(data).fill(0);
  else if (entriesPerElement === 1) data.fill(data[whole - 1] as never, whole);
  else for (let i = whole; i < data.length; i++) data[i] = data[i - 2] as never;
  narrow(dtype, data);
  return allocated ?? { dtype, shape, data };
}

/** Reads TensorFlow's string list: the lengths of all strings, then all their bytes. */
function stringsOfContent(
  content: Uint8Array,
  count: number,
  unfit: (problem: string) => Error,
): Uint8Array[] {
  if (count > content.length) throw unfit(`tensor_content is too short for ${count} strings`);
  const reader = new WireReader(content);
  const lengths = Array.from({ length: count }, () => reader.uint32());
  const strings = lengths.map((length) => reader.take(length));
  if (reader.hasMore) throw unfit(`tensor_content goes on after ${count} strings`);
  return strings;
}

/** Wraps the bytes of a narrow dtype into its range. The data is a view of the message, or owned by this module. */
function narrow<D extends NumericData>(dtype: NumericDType, data: D): D {
  const bytes = data as unknown as Uint8Array;
  if (dtype === "bool") {
    for (let i = 0; i < bytes.length; i++) if ((bytes[i] as number) > 1) bytes[i] = 1;
  } else if (dtype === "uint4") {
    for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] as number) & 15;
  } else if (dtype === "int4") {
    for (let i = 0; i < bytes.length; i++) bytes[i] = ((bytes[i] as number) << 28) >> 28;
  }
  return data;
}

function elementBytes(dtype: DType): number {
  if (dtype === "string") return 8; // a reference
  const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
  return array.BYTES_PER_ELEMENT * entriesPerElement;
}
