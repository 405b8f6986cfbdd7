/** The signals that ask a process to end, with their numbers. */
export const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/** A signal that asks a process to end. */
export type TerminationSignal = keyof typeof SIGNALS;

/** One Ctrl-C can arrive several times, from the terminal and from npm: these are one. */
export const SAME_SIGNAL_MS = 1000;

/** Time in ms for work after the deadline, such as closing files. */
export const GRACE_MS = 1000;

/** How signals are taken. */
export interface TerminationOptions {
  /**
   * How long after the signal the work may take in ms. The process ends a second later with 0, whatever
   * still runs, such as a model that is being loaded. Default: as long as it takes.
   */
  readonly deadlineMs?: number;
  /** Ends the process with a code. Default `exitAtOnce`. */
  readonly exit?: (code: number) => void;
}

/** Ends the process with a code, waiting for no thread. Loaded late: it comes with what calls C. */
export const exitAtOnce = (code: number): void =>
  void import("@serving-kit/native-library").then(
    ({ exitNow }) => exitNow(code),
    () => process.exit(code),
  );

/**
 * Watches for the signals that ask the process to end: SIGINT (Ctrl-C) and SIGTERM. The first
 * aborts `signal` with its name for a reason; one that comes more than a second later ends the process
 * at once with the code 128 plus its number. Disposing it restores what the signals did before.
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
      // Keeps the process until then, if nothing else does: a promise of a plugin may hang that is not work. Not kept
      // from firing by the disposal: a thread can outlive all else.
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
 * Lets SIGINT and SIGTERM end the process while nobody watches for them, with the code 128 plus their
 * number. They do so by themselves, but not to process 1, which a container's program is: the kernel
 * drops what that has no handler for.
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
