import type koffi from "koffi";
import type { NativeFunction } from "./native-function.js";

/** The operations of `pthread_sigmask`, and the bytes of glibc's `sigset_t`. */
const SIG_BLOCK = 0;
const SIG_SETMASK = 2;
const SIGSET_BYTES = 128;

/** SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS: signals that the thread raises itself. */
const OWN_SIGNALS = [4, 5, 6, 7, 8, 11, 31];

/** The signals that this thread accepts. */
export interface SignalMask {
  /** Blocks all signals except those that the thread raises itself. */
  block(): void;
  /** Restores the mask before `block`, and delivers the signals that are pending. */
  restore(): void;
}

/** Declares `pthread_sigmask`; undefined on any system except Linux x64, where no library needs it, or without koffi. */
export function signalMask(loadKoffi: () => typeof koffi): SignalMask | undefined {
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
    block: () => void mask(SIG_BLOCK, held, before),
    restore: () => void mask(SIG_SETMASK, before, null),
  };
}
