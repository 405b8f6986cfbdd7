import { NumberWriter } from "./number-writer.js";
import { openKernel } from "./open-kernel.js";
import { TextWindow } from "./text-window.js";

/** The two users of a thread's kernel. They share its memory: neither keeps data there that the other overwrites. */
interface CodecKernel {
  readonly window: TextWindow;
  readonly writer: NumberWriter;
}

let opened: CodecKernel | "unavailable" | undefined;
let isUsed = true;

/**
 * Returns the kernel of this thread, opening it at the first call; undefined if it is not available: see `openKernel`.
 */
export function codecKernel(): CodecKernel | undefined {
  if (!isUsed) return undefined;
  if (opened === undefined) {
    const kernel = openKernel();
    opened = kernel
      ? { window: new TextWindow(kernel), writer: new NumberWriter(kernel) }
      : "unavailable";
  }
  return opened === "unavailable" ? undefined : opened;
}

/** Calls a function during which the kernel neither reads text nor writes tensors: for tests and benchmarks. */
export function withoutKernel<T>(use: () => T): T {
  isUsed = false;
  try {
    return use();
  } finally {
    isUsed = true;
  }
}
