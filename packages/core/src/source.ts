import type { OperatorFunction } from "rxjs";
import { Observable } from "rxjs/internal/Observable";
import type { AspiredVersions } from "./aspired-versions.js";

/**
 * Determines which versions of a servable should be loaded, and emits them.
 *
 * A source is an rxjs Observable. Each emission is the complete list of aspired versions of one
 * servable; one source may emit lists of many servables.
 *
 * A source guarantees:
 * - O1 It does no work before it is subscribed to.
 * - O2 The first emission for a name lists all of its aspired versions.
 * - O3 Every emission names one servable, and every id in it has that name.
 * - O4 An emission replaces the earlier one of that name; an empty list withdraws the servable.
 * - O5 An equal list may be emitted again, and then changes nothing.
 * - O6 A broken version is emitted with an error. A failure of one version or servable never stops the others.
 * - O7 After unsubscribing it emits nothing and holds no timer, watcher or file.
 * - O8 Subscriptions are independent of each other.
 * - O9 It never emits synchronously within subscribe.
 * - O10 If a servable has no version to load or to wait for, the source emits an empty list with the error that says
 *   why, unless an earlier list stays in effect. When this changes, it emits a list without the error.
 *
 * For what a manager does with the list, see `AspiredVersionsManager`. When a source completes or fails, nothing is
 * unloaded. Data should be small (a path, a Loader): it is made for every version at every emission.
 *
 * @example
 * ```ts
 * const source: Source<{ path: string }> = filesystemSource({
 *   servables: [{ name: "digits", basePath: "models/digits" }],
 * });
 * ```
 */
export type Source<T> = Observable<AspiredVersions<T>>;

/**
 * A stream operator that converts the data of each aspired version.
 *
 * An adapter guarantees:
 * - A1 Names, ids, their order and `changed` pass through unchanged.
 * - A2 Errors of versions and of lists pass through unchanged.
 * - A3 If a conversion throws, its version is emitted with the error; the others are converted.
 * - A4 It keeps no state beyond a subscription, and ends with it.
 *
 * `mapVersions` makes an adapter from a function.
 */
export type SourceAdapter<I, O> = OperatorFunction<AspiredVersions<I>, AspiredVersions<O>>;

/**
 * Makes a Source from an async generator function, for authors who do not use rxjs.
 *
 * The function is called once for each subscription, in a later microtask. Its `signal` aborts on unsubscribe. From
 * then on nothing is emitted, and `return` is called on the generator, so that its `finally` blocks run as soon as
 * its current `await` settles. Pass the signal to every operation that the generator awaits.
 *
 * @example
 * ```ts
 * const source = sourceFrom(async function* (signal) {
 *   yield { name: "digits", versions: [{ id: { name: "digits", version: 1n }, data: "./digits/1" }] };
 * });
 * ```
 */
export function sourceFrom<T>(
  generate: (signal: AbortSignal) => AsyncIterable<AspiredVersions<T>>,
): Source<T> {
  // rxjs's own from(asyncIterable) neither stops the generator on unsubscribe nor gives each
  // subscriber its own iterator.
  return new Observable((subscriber) => {
    const controller = new AbortController();
    const { signal } = controller;
    const run = async () => {
      await Promise.resolve();
      if (signal.aborted) return;
      try {
        for await (const versions of generate(signal)) {
          if (signal.aborted) return;
          subscriber.next(versions);
        }
        subscriber.complete();
      } catch (error) {
        if (!signal.aborted) subscriber.error(error);
      }
    };
    void run();
    return () => controller.abort();
  });
}
