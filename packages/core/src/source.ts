import type { OperatorFunction } from "rxjs";
import { Observable } from "rxjs/internal/Observable";
import type { AspiredVersions } from "./aspired-versions.js";

/**
 * Finds out which versions of a servable should be loaded and emits them.
 *
 * A source is an rxjs Observable. Each emission is the complete list of aspired versions of one
 * servable; one source may emit lists of many servables.
 *
 * Guarantees a source gives:
 * - O1 It does no work before it is subscribed to.
 * - O2 The first emission for a name lists all of its aspired versions.
 * - O3 Every emission names one servable, and every id in it has that name.
 * - O4 An emission replaces the earlier one of that name; an empty list withdraws the servable.
 * - O5 An equal list may be emitted again, and then changes nothing.
 * - O6 A broken version is emitted with an error. A failure of one version or servable never stops the others.
 * - O7 After unsubscribing it emits nothing and holds no timer, watcher or file.
 * - O8 Two subscriptions do not disturb each other.
 * - O9 It never emits synchronously within subscribe.
 * - O10 A source that knows that a servable has no version to load, and none on its way, emits an empty
 *   list with the error that says why, unless an earlier list stays in force. Once that is no longer so, it
 *   emits a list without the error.
 *
 * What a target does with the list is the target's contract: see `AspiredVersionsManager`. When a
 * source completes or fails nothing is unloaded. Data should be small (a path, a Loader): it is
 * made for every version at every emission.
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
 * Turns the data of each aspired version into something else: a stream operator.
 *
 * Guarantees an adapter gives:
 * - A1 Names, ids, their order and `changed` pass through unchanged.
 * - A2 Errors of versions and of lists pass through unchanged.
 * - A3 A conversion that throws makes that version an error version; the others are converted.
 * - A4 It keeps no state of its own beyond a subscription and ends with it.
 *
 * `mapVersions` makes one from a function, `route` makes one from several.
 */
export type SourceAdapter<I, O> = OperatorFunction<AspiredVersions<I>, AspiredVersions<O>>;

/**
 * Makes a Source from an async generator function, for authors who do not use rxjs.
 *
 * The function is called once for each subscription, in a later microtask. Its `signal` aborts on
 * unsubscribe; from then on nothing is emitted, and the generator is returned, so that its
 * `finally` blocks run as soon as its current `await` settles. Pass the signal on to everything that the
 * generator waits for.
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
