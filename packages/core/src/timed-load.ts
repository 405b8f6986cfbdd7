import { type Clock, systemClock } from "./clock.js";
import { errors } from "./errors.js";
import { type LoadContext, unload } from "./loader.js";
import { formatServableId } from "./servable-id.js";

/** The loads that have timed out but still run, by their versions. */
export type HangingLoads = Map<string, Promise<void>>;

/** The timeout of a load, and the map that keeps it after the timeout. */
export interface TimedLoadOptions {
  /** Maximum time in ms without progress. Infinity disables it. */
  readonly timeoutMs: number;
  readonly hanging: HangingLoads;
}

/**
 * Runs one load attempt. After `timeoutMs` without progress, it rejects with LOAD_TIMED_OUT and the signal of the
 * attempt aborts; a servable that arrives later is disposed. If an earlier load of the version still runs, it rejects
 * with LOAD_STILL_RUNS.
 */
export async function timedLoad<S>(
  run: (context: LoadContext) => Promise<S>,
  context: LoadContext,
  { timeoutMs, hanging }: TimedLoadOptions,
): Promise<S> {
  const key = formatServableId(context.id);
  if (hanging.has(key)) throw errors.loadStillRuns(context.id);
  if (timeoutMs === Number.POSITIVE_INFINITY) return run(context);
  const abort = new AbortController();
  const onAbort = () => abort.abort(context.signal.reason);
  if (context.signal.aborted) onAbort();
  context.signal.addEventListener("abort", onAbort);
  const timeout = new ProgressTimeout(context, timeoutMs);
  const running = run({ ...context, signal: abort.signal, progressed: () => timeout.restart() });
  try {
    return await Promise.race([running, timeout.expired]);
  } catch (error) {
    if (timeout.hasExpired) {
      abort.abort(error);
      hanging.set(
        key,
        running
          .then(unload)
          .catch(() => {})
          .finally(() => hanging.delete(key)),
      );
    }
    throw error;
  } finally {
    context.signal.removeEventListener("abort", onAbort);
    timeout[Symbol.dispose]();
  }
}

/** Resolves with true when a disposal has ended or failed, and with false if it has not after `timeoutMs`. */
export function endsWithin(
  disposing: Promise<void>,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<boolean> {
  return new Promise((resolve) => {
    const isLimited = timeoutMs !== Number.POSITIVE_INFINITY;
    const timer = isLimited ? clock.setTimeout(() => resolve(false), timeoutMs) : undefined;
    const end = () => {
      timer?.[Symbol.dispose]();
      resolve(true);
    };
    disposing.then(end, end);
  });
}

/** Rejects when there was no progress for a time. */
class ProgressTimeout implements Disposable {
  readonly expired: Promise<never>;
  hasExpired = false;
  readonly #context: LoadContext;
  readonly #timeoutMs: number;
  #atMs: number;
  #timer: Disposable | undefined;

  constructor(context: LoadContext, timeoutMs: number) {
    this.#context = context;
    this.#timeoutMs = timeoutMs;
    this.#atMs = this.#clock.now() + timeoutMs;
    this.expired = new Promise((_, reject) => this.#wait(reject));
    this.expired.catch(() => {});
  }

  /** Records progress. Sets no timer, because chunks may arrive often. */
  restart(): void {
    this.#atMs = this.#clock.now() + this.#timeoutMs;
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  get #clock() {
    return this.#context.clock ?? systemClock;
  }

  #wait(reject: (error: Error) => void): void {
    const leftMs = this.#atMs - this.#clock.now();
    this.#timer = this.#clock.setTimeout(() => {
      if (this.#clock.now() < this.#atMs) return this.#wait(reject);
      this.hasExpired = true;
      reject(errors.loadTimedOut(this.#context.id, this.#timeoutMs));
    }, leftMs);
  }
}
