import { errors } from "../errors.js";

/** A sound: samples from -1 to 1. */
export interface Sound {
  /** Sample rate in Hz. */
  readonly rate: number;
  /** The samples of each channel. */
  readonly channels: readonly Float32Array[];
}

/** The formats of raw samples, little-endian. */
export type SampleFormat = "uint8" | "int16" | "int24" | "int32" | "float32" | "float64";

/** Size in bytes of a sample of each format, and its value from -1 to 1. */
const FORMATS: {
  readonly [F in SampleFormat]: {
    readonly bytes: number;
    read(view: DataView, at: number): number;
  };
} = {
  uint8: { bytes: 1, read: (view, at) => (view.getUint8(at) - 128) / 128 },
  int16: { bytes: 2, read: (view, at) => view.getInt16(at, true) / 2 ** 15 },
  int24: {
    bytes: 3,
    read: (view, at) => (view.getInt8(at + 2) * 65536 + view.getUint16(at, true)) / 2 ** 23,
  },
  int32: { bytes: 4, read: (view, at) => view.getInt32(at, true) / 2 ** 31 },
  float32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  float64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
};

export const SAMPLE_FORMATS = Object.keys(FORMATS) as SampleFormat[];

/** The layout of raw samples. The channels are interleaved. */
export interface SampleLayout {
  readonly rate: number;
  readonly channels: number;
  readonly format: SampleFormat;
}

/**
 * Reads samples. Bytes after the last complete frame are ignored.
 *
 * @throws ServingError INVALID_ARGUMENT / AUDIO_TOO_LONG.
 */
export function readSamples(bytes: Uint8Array, layout: SampleLayout, maxSeconds: number): Sound {
  const { rate, channels: count, format } = layout;
  const { bytes: size, read } = FORMATS[format];
  const moments = Math.floor(bytes.length / (size * count));
  if (moments > maxSeconds * rate) throw errors.audioTooLong(moments / rate, maxSeconds);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const channels = Array.from({ length: count }, (_, channel) => {
    const samples = new Float32Array(moments);
    for (let i = 0, at = channel * size; i < moments; i++, at += count * size) {
      samples[i] = read(view, at);
    }
    return samples;
  });
  return { rate, channels };
}

/** Changes the number of channels: mixes them to one by their mean, or repeats one. */
export function withChannels({ rate, channels }: Sound, count: number): Sound {
  if (channels.length === count) return { rate, channels };
  const [first = new Float32Array(0)] = channels;
  if (channels.length === 1) return { rate, channels: new Array(count).fill(first) };
  if (count !== 1) {
    const problem = `it has ${channels.length} channels; expected ${count}, or one`;
    throw errors.audioUnreadable(problem);
  }
  const mixed = first.map((_, i) => {
    let sum = 0;
    for (const channel of channels) sum += channel[i] as number;
    return sum / channels.length;
  });
  return { rate, channels: [mixed] };
}
