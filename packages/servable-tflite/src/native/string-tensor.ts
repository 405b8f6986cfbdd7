/**
 * Encodes string tensors in the format of TensorFlow Lite's memory (tensorflow/lite/string_util.h): int32 count, count
 * + 1 int32 offsets from the start, then the bytes of all strings.
 */
export function encodeStrings(strings: readonly Uint8Array[]): Uint8Array {
  const header = 4 * (strings.length + 2);
  const size = strings.reduce((sum, { length }) => sum + length, header);
  if (size > 0x7fffffff) throw new RangeError(`the strings take ${size} bytes; at most 2 GiB fit`);
  const buffer = new Uint8Array(size);
  const view = new DataView(buffer.buffer);
  view.setInt32(0, strings.length, true);
  let at = header;
  strings.forEach((string, i) => {
    view.setInt32(4 * (i + 1), at, true);
    buffer.set(string, at);
    at += string.length;
  });
  view.setInt32(4 * (strings.length + 1), at, true);
  return buffer;
}

/** Copies the strings out of TensorFlow Lite's memory. An empty memory means no strings. */
export function decodeStrings(memory: ArrayBuffer): Uint8Array[] {
  if (memory.byteLength === 0) return [];
  const view = new DataView(memory);
  const bytes = new Uint8Array(memory);
  const count = view.getInt32(0, true);
  if (count < 0 || 4 * (count + 2) > memory.byteLength) {
    throw new RangeError(
      `a string tensor of ${memory.byteLength} bytes says it has ${count} strings`,
    );
  }
  return Array.from({ length: count }, (_, i) =>
    bytes.slice(view.getInt32(4 * (i + 1), true), view.getInt32(4 * (i + 2), true)),
  );
}
