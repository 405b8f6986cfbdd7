import { loadKoffi } from "./koffi.js";
import type { NativeFunction } from "./native-function.js";

/** How `pthread_sigmask` changes the mask, and the bytes of glibc's `sigset_t`. */
const SIG_BLOCK = 0;
const SIG_SETMASK = 2;
const SIGSET_BYTES = 128;

/** SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS: what the thread does to itself. */
const OWN_SIGNALS = [4, 5, 6, 7, 8, 11, 31];

/** Keeps signals from this thread for the time of a native call. */
export interface SignalHold {
  hold(): void;
  /** Lets those in that came meanwhile. */
  release(): void;
}

/**
 * Holds signals back while native code runs on the event loop that cannot bear one: matrix kernels
 * of oneDNN (TensorFlow's on x64) use the stack register for a buffer of the heap, and the frame of a
 * handler that runs meanwhile is written over what lies before it: "corrupted size vs. prev_size".
 * A profiler's signals, or a SIGTERM under load, are enough. Costs 0.3 µs a call.
 *
 * Undefined if there is no need: elsewhere than on Linux x64. Runs on threads of libuv's pool need
 * none, since signals of the process go to its main thread while that takes them.
 */
export function signalHold(): SignalHold | undefined {
  if (hold === undefined) hold = declareHold() ?? null;
  return hold ?? undefined;
}

/** This thread's; null where there is none. */
let hold: SignalHold | null | undefined;

function declareHold(): SignalHold | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  let mask: NativeFunction;
  try {
    mask = loadKoffi()
      .load(null)
      .func("pthread_sigmask", "int", ["int", "void *", "void *"]) as NativeFunction;
  } catch {
    return undefined;
  }
  const held = Buffer.alloc(SIGSET_BYTES, 0xff);
  for (const signal of OWN_SIGNALS) {
    const byte = (signal - 1) >> 3;
    held[byte] = (held[byte] as number) & ~(1 << ((signal - 1) & 7));
  }
  const before = Buffer.alloc(SIGSET_BYTES);
  return {
    hold: () => void mask(SIG_BLOCK, held, before),
    release: () => void mask(SIG_SETMASK, before, null),
  };
}
