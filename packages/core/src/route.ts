import { isObservable, Observable, of, Subject, Subscription } from "rxjs";
import type { AspiredVersions } from "./aspired-versions.js";
import { errors } from "./errors.js";
import type { SourceAdapter } from "./source.js";

/** Which adapter converts the servables of each key. */
export type Routes<I, O> = Readonly<Record<string, SourceAdapter<I, O>>>;

/**
 * Makes the adapter that sends each servable through one of several adapters, by a key.
 *
 * `keyOf` gives the key of a list of aspired versions; the adapter is `routes[key]`, else `fallback`.
 * Without either, each version becomes an error version with NO_ROUTE (FAILED_PRECONDITION). The
 * source is subscribed to once for all routes.
 *
 * Routes that are an Observable can change while running. At a change the new adapters are
 * subscribed to first, then each servable whose adapter changed has its latest list sent through
 * the new one, then adapters that are no longer named are dropped: no servable is withdrawn
 * meanwhile. An adapter that is the same object in both tables goes on undisturbed. `keyOf` is
 * asked again for every servable at a change.
 *
 * An adapter whose stream fails makes error versions of the servables that it had; the others go on.
 */
export function route<I, O>(
  keyOf: (versions: AspiredVersions<I>) => string,
  routes: Routes<I, O> | Observable<Routes<I, O>>,
  fallback?: SourceAdapter<I, O>,
): SourceAdapter<I, O> {
  return (source) =>
    new Observable((subscriber) => {
      const lanes = new Map<SourceAdapter<I, O>, Lane<I>>();
      const latest = new Map<string, { list: AspiredVersions<I>; lane: Lane<I> | undefined }>();
      let table: Routes<I, O> = {};
      let isSourceDone = false;

      const adapterOf = (key: string) => (Object.hasOwn(table, key) ? table[key] : fallback);

      const failed = (list: AspiredVersions<I>, error: unknown) =>
        subscriber.next({
          name: list.name,
          versions: list.versions.map(({ id }) => ({ id, error: errors.adapterFailed(id, error) })),
        });

      const openLane = (adapter: SourceAdapter<I, O>): Lane<I> => {
        const input = new Subject<AspiredVersions<I>>();
        const lane: Lane<I> = { input, output: new Subscription() };
        lanes.set(adapter, lane);
        lane.output.add(
          input.pipe(adapter).subscribe({
            // A lane that answers late must not speak for a servable that has moved on.
            next: (list) => latest.get(list.name)?.lane === lane && subscriber.next(list),
            error: (error) => {
              lane.error = error;
              for (const { list, lane: owner } of latest.values()) {
                if (owner === lane) failed(list, error);
              }
            },
            complete: () => {
              lanes.delete(adapter);
              if (isSourceDone && lanes.size === 0) subscriber.complete();
            },
          }),
        );
        return lane;
      };

      const send = (list: AspiredVersions<I>, onlyIfMoved: boolean) => {
        const key = keyOf(list);
        const adapter = adapterOf(key);
        if (adapter === undefined) {
          latest.set(list.name, { list, lane: undefined });
          failed(list, errors.noRoute(list.name, key, Object.keys(table)));
          return;
        }
        const lane = lanes.get(adapter) ?? openLane(adapter);
        if (onlyIfMoved && latest.get(list.name)?.lane === lane) return;
        latest.set(list.name, { list, lane });
        if (lane.error === undefined) lane.input.next(list);
        else failed(list, lane.error);
        if (list.versions.length === 0) latest.delete(list.name);
      };

      const subscription = new Subscription(() => {
        for (const lane of lanes.values()) lane.output.unsubscribe();
      });
      const tables = isObservable(routes) ? routes : of(routes);
      subscription.add(
        tables.subscribe({
          next: (next) => {
            table = next;
            for (const { list } of [...latest.values()]) send(list, true);
            const named = new Set([...Object.values(table), fallback]);
            for (const [adapter, lane] of lanes) {
              if (named.has(adapter)) continue;
              lanes.delete(adapter);
              lane.output.unsubscribe();
            }
          },
          error: (error) => subscriber.error(error),
        }),
      );
      subscription.add(
        source.subscribe({
          next: (list) => send(list, false),
          error: (error) => subscriber.error(error),
          complete: () => {
            isSourceDone = true;
            if (lanes.size === 0) subscriber.complete();
            for (const lane of [...lanes.values()]) lane.input.complete();
          },
        }),
      );
      return subscription;
    });
}

/** One adapter at work: what it is fed with, and the subscription of what it gives. */
interface Lane<I> {
  readonly input: Subject<AspiredVersions<I>>;
  readonly output: Subscription;
  error?: unknown;
}
