/** The signals that ask a process to stop, with their numbers. */
export const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/** A signal that asks a process to stop. */
export type TerminationSignal = keyof typeof SIGNALS;

/** Signals within this time in ms count as one: a single Ctrl-C may arrive from both the terminal and npm. */
export const SAME_SIGNAL_MS = 1000;

/** Time in ms after the deadline for final work, such as closing files. */
export const GRACE_MS = 1000;

/** Options for `watchTermination`. */
export interface TerminationOptions {
  /**
   * Time in ms for shutdown after the signal. One second after this deadline, the process exits with code 0 even if
   * work is still running, such as a model load. Default: no limit.
   */
  readonly deadlineMs?: number;
  /** Exits the process with a code. Default `exitAtOnce`. */
  readonly exit?: (code: number) => void;
}

/**
 * Exits the process with a code without waiting for threads. Imported lazily, because it needs the native library.
 */
export const exitAtOnce = (code: number): void =>
  void import("@serving-kit/native-library").then(
    ({ exitNow }) => exitNow(code),
    () => process.exit(code),
  );

/**
 * Watches for SIGINT (Ctrl-C) and SIGTERM. The first signal aborts `signal`, with the signal's name as the reason.
 * Another signal more than a second later exits the process immediately with code 128 plus its number. Disposal
 * restores the previous signal handling.
 */
export function watchTermination({
  deadlineMs,
  exit = exitAtOnce,
}: TerminationOptions = {}): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  let firstAt = 0;
  let timer: NodeJS.Timeout | undefined;
  const onSignal = (name: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      firstAt = performance.now();
      // Not unref'd: it must keep the process alive until the deadline, even if only a plugin's promise is pending.
      // Disposal does not clear it, because a native thread may still keep the process alive.
      if (deadlineMs !== undefined) timer = setTimeout(() => exit(0), deadlineMs + GRACE_MS);
      controller.abort(name);
    } else if (performance.now() - firstAt > SAME_SIGNAL_MS) {
      exit(128 + SIGNALS[name as TerminationSignal]);
    }
  };
  for (const name of Object.keys(SIGNALS)) process.on(name, onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      timer?.unref();
      for (const name of Object.keys(SIGNALS)) process.off(name, onSignal);
    },
  };
}

/**
 * Makes SIGINT and SIGTERM exit the process with code 128 plus their number while nothing else handles them. This is
 * the default action, except for process 1 (a container's main program): there, the kernel ignores signals without a
 * handler.
 */
export function endWhileUnwatched(): Disposable {
  const entries = Object.entries(SIGNALS).map(([name, number]) => {
    const onSignal = () => {
      if (process.listenerCount(name) === 1) process.exit(128 + number);
    };
    process.on(name, onSignal);
    return { name, onSignal };
  });
  return {
    [Symbol.dispose]: () => {
      for (const { name, onSignal } of entries) process.off(name, onSignal);
    },
  };
}
