import { ALIGNMENT, MAGIC, PREFIX_BYTES } from "./worker-protocol.js";

/** Maximum size of a body that is joined with the header, because one write is faster than several. */
const SMALL_BYTES = 16_384;

/**
 * Returns the buffers to write for a frame. Parts are not copied, unless the body is small.
 *
 * @param call The number of the call; 0 if the frame is not a call.
 */
export function writeFrame(
  header: object,
  parts: readonly Uint8Array[] = [],
  call = 0,
): Uint8Array[] {
  const text = JSON.stringify(header);
  const textBytes = Buffer.byteLength(text);
  let bodyBytes = 0;
  for (const { byteLength } of parts) bodyBytes = aligned(bodyBytes) + byteLength;
  const isSmall = bodyBytes <= SMALL_BYTES;
  const start = PREFIX_BYTES + textBytes;
  const head = Buffer.allocUnsafe(isSmall ? start + bodyBytes : start);
  head.writeUInt32LE(MAGIC, 0);
  head.writeUInt32LE(textBytes, 4);
  head.writeUInt32LE(0, 8);
  head.writeUInt32LE(call, 12);
  head.writeUInt32LE(bodyBytes % 2 ** 32, 16);
  head.writeUInt32LE(Math.floor(bodyBytes / 2 ** 32), 20);
  head.write(text, PREFIX_BYTES);
  return isSmall ? [joined(head, start, parts)] : [head, ...padded(parts)];
}

/** Returns the next offset at which a part may start. */
export const aligned = (offset: number): number => Math.ceil(offset / ALIGNMENT) * ALIGNMENT;

function joined(frame: Buffer, start: number, parts: readonly Uint8Array[]): Buffer {
  let offset = 0;
  for (const part of parts) {
    const end = offset;
    offset = aligned(end);
    frame.fill(0, start + end, start + offset);
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
