import { loadKoffi } from "./koffi.js";
import { signalMask } from "./signal-mask.js";

/** Blocks signals on this thread during a native call. */
export interface SignalHold {
  hold(): void;
  /** Unblocks signals and delivers those that are pending. */
  release(): void;
}

/**
 * Blocks signals while native code that cannot tolerate them runs on the event loop. Matrix kernels of oneDNN (in
 * TensorFlow on x64) use the stack register for a heap buffer. The frame of a signal handler that runs meanwhile
 * overwrites the memory before that buffer: "corrupted size vs. prev_size". A profiler's signals, or a SIGTERM under
 * load, are enough. Costs 0.3 µs per call.
 *
 * Undefined if it is not needed: on any system except Linux x64. Runs on threads of libuv's pool do not need it,
 * because signals of the process go to its main thread while that thread accepts them. A lane blocks signals as long as
 * it lives, because a profiler sends them to each thread that runs JavaScript.
 */
export function signalHold(): SignalHold | undefined {
  if (hold === undefined) hold = declareHold() ?? null;
  return hold ?? undefined;
}

/** This thread's instance; null if it is not needed. */
let hold: SignalHold | null | undefined;

function declareHold(): SignalHold | undefined {
  const mask = signalMask(loadKoffi);
  return mask && { hold: mask.block, release: mask.restore };
}
