import {
  type DType,
  elementCount,
  isDType,
  NUMERIC_DTYPES,
  type NumericDType,
  type Tensor,
  type TensorData,
  TensorRecord,
  type Tensors,
} from "@serving-kit/inference";
import { aligned } from "./frame.js";
import type { TensorPart } from "./worker-protocol.js";

/** Converts tensors to parts of a frame. The parts are views of the tensors' own memory, except for strings. */
export function writeTensors(tensors: Tensors): {
  readonly tensors: TensorPart[];
  readonly parts: Uint8Array[];
} {
  const places: TensorPart[] = [];
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const name in tensors) {
    const { dtype, shape, data } = tensors[name] as Tensor;
    const part = Array.isArray(data) ? packStrings(data) : bytesOf(data as TensorData["uint8"]);
    offset = aligned(offset);
    places.push([name, dtype, shape, offset, part.byteLength]);
    parts.push(part);
    offset += part.byteLength;
  }
  return { tensors: places, parts };
}

/**
 * Reads the tensors of a frame as views of its body.
 *
 * @throws Error if a tensor is outside the body, or its size does not match its shape.
 */
export function readTensors(places: readonly TensorPart[], body: Uint8Array<ArrayBuffer>): Tensors {
  const tensors = new TensorRecord();
  for (const [name, dtype, shape, offset, bytes] of places) {
    if (!isDType(dtype) || !isInside(offset, bytes, body)) {
      throw new Error(`it wrote tensor "${name}", which is not in the body of its frame`);
    }
    const data = dataOf(dtype, elementCount(shape), body.subarray(offset, offset + bytes));
    if (data === undefined)
      throw new Error(`it wrote tensor "${name}" with ${bytes} bytes for [${shape}]`);
    tensors[name] = { dtype, shape, data } as Tensor;
  }
  return tensors;
}

const isInside = (offset: number, bytes: number, body: Uint8Array): boolean =>
  Number.isSafeInteger(offset) &&
  Number.isSafeInteger(bytes) &&
  offset >= 0 &&
  bytes >= 0 &&
  offset + bytes <= body.length;

function dataOf(
  dtype: DType,
  count: number,
  part: Uint8Array<ArrayBuffer>,
): Tensor["data"] | undefined {
  if (dtype === "string") return unpackStrings(count, part);
  const { array, entriesPerElement } = NUMERIC_DTYPES[dtype as NumericDType];
  const entries = count * entriesPerElement;
  if (part.byteLength !== entries * array.BYTES_PER_ELEMENT) return undefined;
  if (part.byteOffset % array.BYTES_PER_ELEMENT !== 0) return undefined;
  return new array(part.buffer, part.byteOffset, entries) as Tensor["data"];
}

const bytesOf = ({ buffer, byteOffset, byteLength }: TensorData["uint8"]) =>
  new Uint8Array(buffer, byteOffset, byteLength);

function packStrings(strings: readonly Uint8Array[]): Uint8Array {
  const lengths = Uint32Array.from(strings, ({ length }) => length);
  return Buffer.concat([bytesOf(lengths as never), ...strings]);
}

function unpackStrings(count: number, part: Uint8Array<ArrayBuffer>): Uint8Array[] | undefined {
  let start = 4 * count;
  if (start > part.byteLength) return undefined;
  const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
  const strings: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const length = view.getUint32(4 * i, true);
    if (length > part.byteLength - start) return undefined;
    strings.push(part.subarray(start, start + length));
    start += length;
  }
  return start === part.byteLength ? strings : undefined;
}
