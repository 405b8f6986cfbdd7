import { loadKoffi } from "./koffi.js";
import type { NativeFunction } from "./native-function.js";

/** The operations of `pthread_sigmask`, and the bytes of glibc's `sigset_t`. */
const SIG_BLOCK = 0;
const SIG_SETMASK = 2;
const SIGSET_BYTES = 128;

/** SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS: signals that the thread raises itself. */
const OWN_SIGNALS = [4, 5, 6, 7, 8, 11, 31];

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
 * because signals of the process go to its main thread while that thread accepts them.
 */
export function signalHold(): SignalHold | undefined {
  if (hold === undefined) hold = declareHold() ?? null;
  return hold ?? undefined;
}

/** This thread's instance; null if it is not needed. */
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
