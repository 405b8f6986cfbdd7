import type { Clock } from "@serving-kit/core";
import { errors } from "./errors.js";
import type { PredictOptions } from "./predictor.js";

/**
 * The third argument of a defined model's `predict`.
 *
 * @example
 * ```ts
 * const slow = defineModel({
 *   inputs: { url: spec.string([1]) },
 *   outputs: { status: spec.int32([1]) },
 *   predict: async ({ url }, _loaded, { signal }: CallContext) => {
 *     const { status } = await fetch(stringsOf(url)[0] ?? "", { signal });
 *     return { status: [status] };
 *   },
 * });
 * ```
 */
export interface CallContext {
  /** The name of the signature that was called. */
  readonly signature: string;
  /** The names of the requested outputs. Additional outputs may be returned; they are dropped. */
  readonly outputs: readonly string[];
  /** Aborts with the reason of the caller's signal, and with DEADLINE_EXCEEDED at the deadline. Pass it on. */
  readonly signal: AbortSignal;
  /** Time in ms on the clock of `load` at which the call rejects. Infinity if there is none. */
  readonly deadlineAtMs: number;
}

const NEVER = new AbortController().signal;

/** A `CallContext` that creates its signal lazily, because most models do not read it. */
export class ModelCall implements CallContext, Disposable {
  readonly signature: string;
  readonly outputs: readonly string[];
  readonly #options: PredictOptions;
  readonly #clock: Clock;
  #signal: AbortSignal | undefined;
  #timer: Disposable | undefined;
  #unlisten: (() => void) | undefined;

  constructor(
    signature: string,
    outputs: readonly string[],
    options: PredictOptions,
    clock: Clock,
  ) {
    this.signature = signature;
    this.outputs = options.outputs?.length ? options.outputs : outputs;
    this.#options = options;
    this.#clock = clock;
  }

  get deadlineAtMs(): number {
    return this.#options.deadlineAtMs ?? Number.POSITIVE_INFINITY;
  }

  get signal(): AbortSignal {
    this.#signal ??= this.#makeSignal();
    return this.#signal;
  }

  /** Clears the timer and removes the listener of the signal. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#unlisten?.();
  }

  #makeSignal(): AbortSignal {
    const { signal } = this.#options;
    if (this.deadlineAtMs === Number.POSITIVE_INFINITY) return signal ?? NEVER;
    const controller = new AbortController();
    const inMs = this.deadlineAtMs - this.#clock.now();
    const expire = () => controller.abort(errors.deadlineExceeded());
    this.#timer = this.#clock.setTimeout(expire, Math.max(0, inMs));
    if (signal !== undefined) {
      const abort = () => controller.abort(signal.reason);
      if (signal.aborted) abort();
      signal.addEventListener("abort", abort, { once: true });
      this.#unlisten = () => signal.removeEventListener("abort", abort);
    }
    return controller.signal;
  }
}
