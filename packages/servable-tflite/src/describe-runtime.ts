import type { NativeLibrary } from "@serving-kit/native-library";

/** The part of an open library that `describeRuntime` reads. */
export type RuntimeFacts = Pick<NativeLibrary, "version" | "origin" | "attempts">;

/**
 * Describes the runtime of `.tflite` models, and why it is not the newest: `TensorFlow Lite 2.9.0 (npm package
 * @serving-kit/tflite-2.9-linux-x64; npm package @serving-kit/tflite-linux-x64: is not installed)`.
 */
export function describeRuntime({ version, origin, attempts }: RuntimeFacts): string {
  const newer = attempts
    .filter((attempt) => attempt.origin.startsWith("npm package"))
    .map((attempt) => `; ${attempt.origin}: ${attempt.outcome}`);
  return `TensorFlow Lite ${version} (${origin}${newer.join("")})`;
}
