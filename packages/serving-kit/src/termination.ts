const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** One Ctrl-C can arrive several times, from the terminal and from npm: these are one. */
const SAME_SIGNAL_MS = 1000;

/**
 * Watches for the signals that ask the process to end: SIGINT (Ctrl-C) and SIGTERM. The first
 * aborts `signal`; one that comes more than a second later ends the process at once with code 130.
 * Disposing it restores what the signals did before.
 */
export function watchTermination(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  let firstAt = 0;
  const onSignal = (name: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      firstAt = performance.now();
      controller.abort(name);
    } else if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(130);
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}
