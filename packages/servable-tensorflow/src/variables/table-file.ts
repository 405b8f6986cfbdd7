import { maskedCrc32c } from "@serving-kit/tensorflow-wire";

/** A key and its value. They are views of the file, except that a key may be a copy. */
export interface TableEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Two block handles of up to 20 bytes, padded, and the magic number. */
const FOOTER_BYTES = 48;
const MAGIC = 0xdb4775248b80fb57n;
/** Follows each block: its compression, and the masked CRC-32C of the block and that byte. */
const TRAILER_BYTES = 5;
const NO_COMPRESSION = 0;

/**
 * Iterates over the entries of a sorted string table in key order (tensorflow/core/lib/io/format.h and block_builder.h,
 * LevelDB's format). Verifies all checksums.
 *
 * @throws Error if the file is truncated or damaged, or a block is compressed, which TensorFlow never writes.
 */
export function* tableEntries(file: Uint8Array): Generator<TableEntry> {
  const footer = file.length - FOOTER_BYTES;
  if (footer < 0 || viewOf(file).getBigUint64(file.length - 8, true) !== MAGIC) {
    throw new Error("it is truncated: it does not end as an index does");
  }
  const handles = new Cursor(file.subarray(footer));
  handles.skipHandle();
  for (const { value } of blockEntries(block(file, handles))) {
    yield* blockEntries(block(file, new Cursor(value)));
  }
}

/** Returns the content of the block that a handle refers to. */
function block(file: Uint8Array, handle: Cursor): Uint8Array {
  const [offset, size] = [handle.varint(), handle.varint()];
  const end = offset + size;
  if (end + TRAILER_BYTES > file.length) throw new Error("it is truncated: a block is missing");
  const expected = viewOf(file).getUint32(end + 1, true);
  if (maskedCrc32c(file.subarray(offset, end + 1)) !== expected) {
    throw new Error(`the block at byte ${offset} has a wrong checksum`);
  }
  if (file[end] !== NO_COMPRESSION) throw new Error(`the block at byte ${offset} is compressed`);
  return file.subarray(offset, end);
}

/** Iterates over the entries of a block. Keys are stored without the prefix that they share with the previous key. */
function* blockEntries(content: Uint8Array): Generator<TableEntry> {
  const restarts = content.length < 4 ? 0 : viewOf(content).getUint32(content.length - 4, true);
  const end = content.length - 4 - 4 * restarts;
  if (end < 0) throw new Error("a block has more restarts than bytes");
  const cursor = new Cursor(content.subarray(0, end));
  let key: Uint8Array = new Uint8Array(0);
  while (!cursor.isAtEnd) {
    const [shared, own, length] = [cursor.varint(), cursor.varint(), cursor.varint()];
    if (shared > key.length) throw new Error("a key shares more than there is");
    key = Buffer.concat([key.subarray(0, shared), cursor.bytes(own)]);
    yield { key, value: cursor.bytes(length) };
  }
}

/** Reads numbers and bytes sequentially. */
class Cursor {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#bytes.length;
  }

  /** Reads a varint: seven bits per byte. */
  varint(): number {
    let number = 0;
    for (let shift = 0; shift < 49; shift += 7) {
      const byte = this.#bytes[this.#position++];
      if (byte === undefined) break;
      number += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return number;
    }
    throw new Error("a number has no end");
  }

  bytes(length: number): Uint8Array {
    const start = this.#position;
    if (start + length > this.#bytes.length) throw new Error("an entry reaches beyond its block");
    this.#position += length;
    return this.#bytes.subarray(start, this.#position);
  }

  skipHandle(): void {
    this.varint();
    this.varint();
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
