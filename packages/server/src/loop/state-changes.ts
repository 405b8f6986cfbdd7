import type { ServerCore } from "../plugins/server-core.js";

/** Contract: `ServerCore.stateChanges`, until any of the signals aborts. */
export async function* stateChanges(
  onStateChange: ServerCore["onStateChange"],
  signals: readonly AbortSignal[],
): AsyncGenerator<void> {
  let isChanged = true;
  let wake = () => {};
  const changed = () => {
    isChanged = true;
    wake();
  };
  const hasEnded = () => signals.some(({ aborted }) => aborted);
  using _subscription = onStateChange(changed);
  for (const signal of signals) signal.addEventListener("abort", changed);
  try {
    while (!hasEnded()) {
      if (isChanged) {
        isChanged = false;
        yield;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    for (const signal of signals) signal.removeEventListener("abort", changed);
  }
}
