import { NumberWriter } from "./number-writer.js";
import { openKernel } from "./open-kernel.js";
import { TextWindow } from "./text-window.js";

/** The two uses of a thread's kernel. They share its memory: neither keeps anything in it that the other writes. */
interface CodecKernel {
  readonly window: TextWindow;
  readonly writer: NumberWriter;
}

let opened: CodecKernel | "unavailable" | undefined;
let isUsed = true;

/** The kernel of this thread, opened by the first call; undefined if there is none: see `openKernel`. */
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

/** Calls a function in which no text is read and no tensor is written by the kernel: for tests and benchmarks. */
export function withoutKernel<T>(use: () => T): T {
  isUsed = false;
  try {
    return use();
  } finally {
    isUsed = true;
  }
}
