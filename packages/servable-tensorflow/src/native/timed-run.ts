import type { NativeFunction } from "@serving-kit/native-library";
import type { Bindings } from "./bindings.js";

/**
 * `TF_SessionRun` on a thread, with a time limit in ms that is read when the run starts and replaces the run's options.
 * TensorFlow stops the run between two ops; a running op finishes first. The ops run on TensorFlow's own threads,
 * because TensorFlow ignores the limit on the caller's thread.
 */
export function timedRun(
  { run, newBuffer, deleteBuffer }: Pick<Bindings, "run" | "newBuffer" | "deleteBuffer">,
  limitMs: () => number,
): Pick<NativeFunction, "async"> {
  return {
    async(session: bigint, _options: bigint | null, ...args: unknown[]) {
      const done = args.pop() as (error: unknown) => void;
      const bytes = encodeTimeLimit(limitMs());
      const options: bigint = newBuffer(bytes, bytes.length);
      try {
        run.async(session, options, ...args, (error: unknown) => {
          deleteBuffer(options);
          done(error);
        });
      } catch (error) {
        deleteBuffer(options);
        throw error;
      }
    },
  };
}

/** `RunOptions { timeout_in_ms }` of config.proto. 0 means no limit there, so an expired limit is 1. */
export function encodeTimeLimit(ms: number): Uint8Array {
  const bytes = [0x10];
  let left = Math.max(1, Math.ceil(ms));
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
  bytes.push(left);
  return Uint8Array.from(bytes);
}
