import { type Tensor, tensor } from "@serving-kit/inference";
import { checkChoice, checkInteger, checkNames, checkNumber, refuse } from "../check-option.js";
import { errors } from "../errors.js";
import type { ProcessingLimits } from "../processing-limits.js";
import { type Sliced, slices } from "../slices.js";
import { resampled } from "./resample.js";
import {
  readSamples,
  SAMPLE_FORMATS,
  type SampleFormat,
  type SampleLayout,
  type Sound,
  withChannels,
} from "./sound.js";
import { readWav } from "./wav.js";

/** Options for `audio`. */
export interface AudioOptions {
  /** Sample rate of the model in Hz, such as 16,000. */
  readonly rate: number;
  /** Number of channels of the model. Default 1: several channels are mixed by their mean. */
  readonly channels?: number | undefined;
  /** Reads raw samples without a header, little-endian. Default: WAV files. */
  readonly pcm?:
    | {
        readonly rate: number;
        /** Default 1. */
        readonly channels?: number | undefined;
        /** Default `int16`. */
        readonly format?: SampleFormat | undefined;
      }
    | undefined;
  /**
   * Number of samples of each sound: longer sounds are truncated, shorter ones are padded with zeros. Default: the
   * length of the longest sound of the call.
   */
  readonly length?: number | undefined;
  /**
   * Splits each sound into rows of this many samples; the last row is padded with zeros. Default: a sound is one row.
   */
  readonly window?: number | undefined;
  /** Number of samples from the start of a row to the start of the next. Default `window`: rows do not overlap. */
  readonly hop?: number | undefined;
  /** Maximum length of a sound in seconds. Default 600. */
  readonly maxSeconds?: number | undefined;
}

/** The bytes of sounds: a string tensor, or one or several files. */
export type Sounds = Tensor<"string"> | readonly Uint8Array[] | Uint8Array;

/** Reads sounds: see `audio`. */
export interface SoundReader {
  /** Returns the samples: `[rows, samples]`, with several channels `[rows, samples, channels]`. */
  (sounds: Sounds, limits?: ProcessingLimits): Promise<Tensor<"float32">>;
  /** The number of samples of a row; -1 if it is that of the longest sound of a call. */
  readonly samples: number;
}

/**
 * Returns a function that reads sounds: WAV files or raw samples, mixed, at the model's rate, from -1 to 1.
 *
 * ```ts
 * const samples = audio({ rate: 16_000 });
 * const input = await samples(readFileSync("word.wav"));
 * ```
 *
 * The filter for other rates is resampy's `kaiser_best`, without delay. It runs in slices of less than a millisecond,
 * one in each turn of the event loop.
 *
 * @throws ServingError INVALID_ARGUMENT / PROCESSING_INVALID for invalid options. The function rejects with
 * AUDIO_UNREADABLE or AUDIO_TOO_LONG (INVALID_ARGUMENT), or the reason of the signal.
 */
export function audio(options: AudioOptions): SoundReader {
  const plan = planOf(options);
  const read = async (sounds: Sounds, { signal }: ProcessingLimits = {}) => {
    const files = filesOf(sounds);
    const all = await Promise.all(files.map((file) => slices.run(soundOf(file, plan), signal)));
    return inRows(all, plan);
  };
  return Object.assign(read, { samples: plan.length ?? plan.window ?? -1 });
}

const NAMES = ["rate", "channels", "pcm", "length", "window", "hop", "maxSeconds"];
const RATES = [1, 768_000] as const;
const MAX_SAMPLES = 2 ** 28;

interface Plan {
  readonly rate: number;
  readonly channels: number;
  readonly pcm: SampleLayout | undefined;
  readonly length: number | undefined;
  readonly window: number | undefined;
  readonly hop: number;
  readonly maxSeconds: number;
}

function planOf(options: AudioOptions): Plan {
  checkNames("audio", options, NAMES);
  const { pcm, channels = 1, length, window, maxSeconds = 600 } = options;
  if (length !== undefined) checkInteger("audio.length", length, [1, MAX_SAMPLES]);
  if (length !== undefined && window !== undefined) {
    throw errors.processingInvalid("audio takes length or window, not both");
  }
  if (window !== undefined) checkInteger("audio.window", window, [1, MAX_SAMPLES]);
  if (options.hop !== undefined && window === undefined)
    refuse("audio.window", "set with hop", window);
  const seconds = checkNumber("audio.maxSeconds", maxSeconds);
  if (seconds <= 0) refuse("audio.maxSeconds", "above 0", maxSeconds);
  return {
    rate: checkInteger("audio.rate", options.rate, RATES),
    channels: checkInteger("audio.channels", channels, [1, 64]),
    pcm: pcm && {
      rate: checkInteger("audio.pcm.rate", pcm.rate, RATES),
      channels: checkInteger("audio.pcm.channels", pcm.channels ?? 1, [1, 64]),
      format: checkChoice("audio.pcm.format", pcm.format ?? "int16", SAMPLE_FORMATS),
    },
    ...{ length, window },
    hop: checkInteger("audio.hop", options.hop ?? window ?? 1, [1, MAX_SAMPLES]),
    maxSeconds: seconds,
  };
}

function filesOf(sounds: Sounds): readonly Uint8Array[] {
  if (sounds instanceof Uint8Array) return [sounds];
  return "data" in sounds ? sounds.data : sounds;
}

function* soundOf(file: Uint8Array, plan: Plan): Sliced<Sound> {
  const { rate, pcm, maxSeconds } = plan;
  const sound = pcm ? readSamples(file, pcm, maxSeconds) : readWav(file, maxSeconds);
  yield;
  const mixed = withChannels(sound, plan.channels);
  const channels: Float32Array[] = [];
  for (const channel of mixed.channels) channels.push(yield* resampled(channel, mixed.rate, rate));
  return { rate, channels };
}

function inRows(
  sounds: readonly Sound[],
  { channels: count, length: fixed, window, hop }: Plan,
): Tensor<"float32"> {
  const lengths = sounds.map(({ channels: [first] }) => first?.length ?? 0);
  const length = fixed ?? window ?? Math.max(0, ...lengths);
  const rowsOf = (samples: number) =>
    window === undefined ? 1 : 1 + Math.max(0, Math.ceil((samples - window) / hop));
  const rows = lengths.reduce((sum, samples) => sum + rowsOf(samples), 0);
  const data = new Float32Array(rows * length * count);
  let row = 0;
  for (const [i, { channels }] of sounds.entries()) {
    for (let part = 0; part < rowsOf(lengths[i] as number); part++, row++) {
      for (const [c, samples] of channels.entries()) {
        const own = samples.subarray(part * hop, part * hop + length);
        for (let k = 0; k < own.length; k++)
          data[(row * length + k) * count + c] = own[k] as number;
      }
    }
  }
  return tensor("float32", count === 1 ? [rows, length] : [rows, length, count], data);
}
