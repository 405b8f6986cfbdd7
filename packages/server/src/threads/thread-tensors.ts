import {
  NUMERIC_DTYPES,
  type NumericDType,
  type Tensor,
  type TensorData,
  TensorRecord,
  type Tensors,
} from "@serving-kit/inference";
import { Moved } from "./thread-channel.js";

/** The elements of a string tensor in one buffer, with the length of each. */
interface PackedStrings {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly lengths: Uint32Array<ArrayBuffer>;
}

/** Tensors in a form that can be posted. */
export type ThreadTensors = readonly (readonly [
  name: string,
  dtype: Tensor["dtype"],
  shape: readonly number[],
  data: Tensor["data"] | PackedStrings,
])[];

/**
 * Copies tensors into memory that is moved to another thread. The owner of a tensor keeps its data, which may be a part
 * of a larger buffer that must not be moved.
 */
export function moveTensors(tensors: Tensors): Moved<ThreadTensors> {
  const transfer: ArrayBuffer[] = [];
  const value = Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
    const copy = Array.isArray(data)
      ? packStrings(data)
      : copyOf(dtype as NumericDType, data as TensorData["uint8"]);
    if ("lengths" in copy) transfer.push(copy.bytes.buffer, copy.lengths.buffer);
    else transfer.push(copy.buffer as ArrayBuffer);
    return [name, dtype, [...shape], copy] as const;
  });
  return new Moved(value, transfer);
}

/** Copies a body into memory that is moved to another thread, together with the message that `make` returns. */
export function moveBody<T>(body: Uint8Array, make: (copy: Uint8Array) => T): Moved<T> {
  const copy = new Uint8Array(body);
  return new Moved(make(copy), [copy.buffer]);
}

/** Creates tensors from memory that another thread has moved here. */
export function readTensors(moved: ThreadTensors): Tensors {
  const tensors = new TensorRecord();
  for (const [name, dtype, shape, data] of moved) {
    const elements = "lengths" in data ? unpackStrings(data as PackedStrings) : data;
    tensors[name] = { dtype, shape, data: elements } as Tensor;
  }
  return tensors;
}

/** Copies into new memory, because `slice` of a Buffer is a view of a pool. */
function copyOf(dtype: NumericDType, data: TensorData["uint8"]): TensorData["uint8"] {
  return new NUMERIC_DTYPES[dtype].array(data as never) as never;
}

function packStrings(strings: readonly Uint8Array[]): PackedStrings {
  const lengths = Uint32Array.from(strings, ({ length }) => length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let offset = 0;
  for (const string of strings) {
    bytes.set(string, offset);
    offset += string.length;
  }
  return { bytes, lengths };
}

function unpackStrings({ bytes, lengths }: PackedStrings): Uint8Array[] {
  let end = 0;
  return Array.from(lengths, (length) => {
    const begin = end;
    end += length;
    return bytes.subarray(begin, end);
  });
}
