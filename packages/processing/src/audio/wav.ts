import { errors } from "../errors.js";
import { readSamples, type SampleFormat, type SampleLayout, type Sound } from "./sound.js";

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

/**
 * Reads a WAV file with integers of 8 to 32 bits, or floats.
 *
 * @throws ServingError INVALID_ARGUMENT / AUDIO_UNREADABLE or AUDIO_TOO_LONG.
 */
export function readWav(bytes: Uint8Array, maxSeconds: number): Sound {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const textAt = (at: number) => Buffer.from(bytes.subarray(at, at + 4)).toString("latin1");
  if (bytes.length < 12 || textAt(0) !== "RIFF" || textAt(8) !== "WAVE") {
    throw errors.audioUnreadable(
      `expected a WAV file, which begins with RIFF and WAVE; got ${bytes.length} bytes of another kind`,
    );
  }
  let layout: SampleLayout | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true);
    const start = at + 8;
    // A WAV file that was written as a stream has a size of 0, or with all bits set.
    const end =
      textAt(at) === "data" && (size === 0 || size === 2 ** 32 - 1) ? bytes.length : start + size;
    if (textAt(at) === "fmt ") layout = layoutOf(view, start, size);
    if (textAt(at) === "data") {
      if (layout === undefined)
        throw errors.audioUnreadable("its samples come before their format");
      if (end > bytes.length) {
        throw errors.audioUnreadable(
          `it is truncated: ${end} bytes are declared, ${bytes.length} are there`,
        );
      }
      return readSamples(bytes.subarray(start, end), layout, maxSeconds);
    }
    at = end + (size % 2);
  }
  throw errors.audioUnreadable("it has no samples");
}

function layoutOf(view: DataView, at: number, size: number): SampleLayout {
  if (size < 16 || at + size > view.byteLength)
    throw errors.audioUnreadable("its format is truncated");
  const own = view.getUint16(at, true);
  const kind = own === EXTENSIBLE && size >= 26 ? view.getUint16(at + 24, true) : own;
  const channels = view.getUint16(at + 2, true);
  const rate = view.getUint32(at + 4, true);
  const bits = view.getUint16(at + 14, true);
  const format = formatOf(kind, bits);
  if (format === undefined) {
    throw errors.audioUnreadable(
      `its samples are of format ${kind} with ${bits} bits; expected PCM of 8, 16, 24 or 32 bits, or floats; convert it: ffmpeg -i in.wav -c:a pcm_s16le out.wav`,
    );
  }
  if (channels === 0 || channels > 64 || rate === 0) {
    throw errors.audioUnreadable(`it has ${channels} channels of ${rate} samples a second`);
  }
  return { rate, channels, format };
}

function formatOf(kind: number, bits: number): SampleFormat | undefined {
  const known: Readonly<Record<string, SampleFormat>> = {
    [`${PCM}:8`]: "uint8",
    [`${PCM}:16`]: "int16",
    [`${PCM}:24`]: "int24",
    [`${PCM}:32`]: "int32",
    [`${FLOAT}:32`]: "float32",
    [`${FLOAT}:64`]: "float64",
  };
  return known[`${kind}:${bits}`];
}
