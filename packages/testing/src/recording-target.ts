import type { AspiredVersions, Source } from "@serving-kit/core";
import { Subscription } from "rxjs";
import { type Deferred, deferred } from "./deferred.js";

/**
 * Subscribes to a source and records its emissions.
 *
 * ```ts
 * using target = new RecordingTarget(source);
 * const { versions } = await target.next();
 * ```
 */
export class RecordingTarget<T> implements Disposable {
  /** Everything emitted so far, oldest first. */
  readonly emissions: AspiredVersions<T>[] = [];
  /** True if the source has completed. */
  isCompleted = false;
  /** The failure of the source: wrapped in an object, since a source may fail with undefined. */
  failure: { readonly error: unknown } | undefined;
  /** True if the source emitted, completed or failed before `subscribe` returned. */
  readonly isSynchronous: boolean;
  // Created before subscribing, so that a callback can unsubscribe during a synchronous emission.
  readonly #subscription = new Subscription();
  readonly #waiting: Deferred<AspiredVersions<T>>[] = [];
  #taken = 0;

  /** Subscribes immediately. `onEmission` receives each emission as it arrives, together with the target. */
  constructor(
    source: Source<T>,
    onEmission?: (versions: AspiredVersions<T>, target: RecordingTarget<T>) => void,
  ) {
    const subscription = source.subscribe({
      next: (versions) => {
        this.emissions.push(versions);
        this.#give();
        onEmission?.(versions, this);
      },
      error: (error: unknown) => {
        this.failure = { error };
        this.#give();
      },
      complete: () => {
        this.isCompleted = true;
        this.#give();
      },
    });
    this.#subscription.add(subscription);
    this.isSynchronous = this.emissions.length > 0 || this.#hasEnded;
  }

  /** The newest emission for a name; undefined if there is none. */
  latest(name: string): AspiredVersions<T> | undefined {
    return this.emissions.findLast((versions) => versions.name === name);
  }

  /**
   * Resolves with the first emission that no earlier call has returned, once it is available. Rejects with the error of
   * the source, or with an Error if the source has ended without another emission.
   */
  next(): Promise<AspiredVersions<T>> {
    const waiting = deferred<AspiredVersions<T>>();
    this.#waiting.push(waiting);
    this.#give();
    return waiting.promise;
  }

  /** Unsubscribes. */
  [Symbol.dispose](): void {
    this.#subscription.unsubscribe();
  }

  get #hasEnded(): boolean {
    return this.isCompleted || this.failure !== undefined;
  }

  #give(): void {
    while (this.#waiting.length > 0 && this.#taken < this.emissions.length) {
      this.#waiting.shift()?.resolve(this.emissions[this.#taken++] as AspiredVersions<T>);
    }
    if (!this.#hasEnded) return;
    const reason = this.failure ? this.failure.error : new Error("the source has completed");
    for (const waiting of this.#waiting.splice(0)) waiting.reject(reason);
  }
}
