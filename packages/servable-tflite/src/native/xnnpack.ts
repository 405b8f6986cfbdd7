import {
  isVersionWithin,
  type NativeFunction,
  type NativeLibrary,
  opaqueStruct,
  structBytes,
} from "@serving-kit/native-library";
import type { Tflite } from "./library.js";
import { counts } from "./native-counts.js";

const OPTIONS_DEFAULT = "TfLiteXNNPackDelegateOptionsDefault";

/**
 * `TfLiteXNNPackDelegateOptions` grew from version to version, and fields moved: `flags` are at byte 4 until
 * `runtime_flags` replaces them there. All versions start with `int32_t num_threads`.
 */
const LAYOUTS = [
  /** { int32_t num_threads; uint32_t flags; } */
  { atLeast: "2.5", below: "2.10", byteLength: 8 },
  /** Larger than 16 bytes, so returned through memory, which may be larger than the struct. */
  { atLeast: "2.12", byteLength: 256 },
];

/** TFLITE_XNNPACK_DELEGATE_FLAG_QS8 and _QU8: enables quantized operators too. */
const XNNPACK_QUANTIZED = 0x1 | 0x2;

/**
 * Creates the XNNPACK delegate, which runs the parts of a graph that it supports, with the library's own default
 * options and this number of threads. Null if the processor lacks the instructions that XNNPACK needs. If the layout of
 * a library's options is unknown, it uses no extra threads. The caller owns the delegate: see `deleteXnnpack`.
 */
export function createXnnpack(tflite: Tflite, threads: number): bigint | null {
  const delegate = tflite.bindings.xnnpackCreate(xnnpackOptions(tflite, threads));
  if (delegate !== null) counts.delegates++;
  return delegate;
}

/**
 * Returns options with the library's defaults; null, which the library treats as its defaults, if the layout is
 * unknown.
 */
function xnnpackOptions({ library }: Tflite, threads: number): Buffer | null {
  const layout = LAYOUTS.find((range) => isVersionWithin(library.version, range));
  if (layout === undefined || !library.has(OPTIONS_DEFAULT)) return null;
  const options = structBytes(defaultsOf(library, layout.byteLength)());
  // With 0 threads, a run uses only its own thread.
  options.writeInt32LE(threads > 1 ? threads : 0, 0);
  // Some builds omit these flags by default; later layouts have them elsewhere.
  if (layout.byteLength === 8) options.writeUInt32LE(XNNPACK_QUANTIZED, 4);
  return options;
}

const functions = new WeakMap<NativeLibrary, NativeFunction>();

/** Cached per library: each declaration uses up a koffi type, which is never freed. */
function defaultsOf(library: NativeLibrary, byteLength: number): NativeFunction {
  const known = functions.get(library);
  if (known !== undefined) return known;
  const { defaults } = library.functions({ defaults: [OPTIONS_DEFAULT, opaqueStruct(byteLength)] });
  functions.set(library, defaults);
  return defaults;
}

/** Call it after the interpreter that uses the delegate is deleted. */
export function deleteXnnpack({ bindings }: Tflite, delegate: bigint | null): void {
  if (delegate === null) return;
  bindings.xnnpackDelete(delegate);
  counts.delegates--;
}
