import { ALIGNMENT, MAGIC, PREFIX_BYTES } from "./worker-protocol.js";

/** Bodies up to this size are joined with the header: one write is faster than several. */
const SMALL_BYTES = 16_384;

/** The buffers to write for a frame. Parts are not copied, unless the body is small. */
export function writeFrame(header: object, parts: readonly Uint8Array[] = []): Uint8Array[] {
  const text = Buffer.from(JSON.stringify(header));
  let bodyBytes = 0;
  for (const { byteLength } of parts) bodyBytes = aligned(bodyBytes) + byteLength;
  const isSmall = bodyBytes <= SMALL_BYTES;
  const start = PREFIX_BYTES + text.length;
  const head = Buffer.alloc(isSmall ? start + bodyBytes : start);
  head.writeUInt32LE(MAGIC, 0);
  head.writeUInt32LE(text.length, 4);
  head.writeBigUInt64LE(BigInt(bodyBytes), 16);
  text.copy(head, PREFIX_BYTES);
  return isSmall ? [joined(head, start, parts)] : [head, ...padded(parts)];
}

/** The next offset at which a part may start. */
export const aligned = (offset: number): number => Math.ceil(offset / ALIGNMENT) * ALIGNMENT;

function joined(frame: Buffer, start: number, parts: readonly Uint8Array[]): Buffer {
  let offset = 0;
  for (const part of parts) {
    offset = aligned(offset);
    frame.set(part, start + offset);
    offset += part.byteLength;
  }
  return frame;
}

const ZEROS = new Uint8Array(ALIGNMENT);

function* padded(parts: readonly Uint8Array[]): Generator<Uint8Array> {
  let offset = 0;
  for (const part of parts) {
    const gap = aligned(offset) - offset;
    if (gap > 0) yield ZEROS.subarray(0, gap);
    if (part.byteLength > 0) yield part;
    offset += gap + part.byteLength;
  }
}
