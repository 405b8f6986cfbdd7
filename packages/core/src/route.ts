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
 * meanwhile. Lists that come before the first table wait for it. An adapter that is the same object in
 * both tables goes on undisturbed. `keyOf` is asked again for every servable at a change.
 *
 * An adapter that throws or whose stream fails makes error versions of its servables, and `keyOf`
 * of the one that it threw for; the others go on.
 */
export function route<I, O>(
  keyOf: (versions: AspiredVersions<I>) => string,
  routes: Routes<I, O> | Observable<Routes<I, O>>,
  fallback?: SourceAdapter<I, O>,
): SourceAdapter<I, O> {
  return (source) =>
    new Observable((subscriber) => {
      const lanes = new Map<SourceAdapter<I, O>, Lane<I>>();
      const latest = new Map<string, Routed<I>>();
      /** Undefined until the first table has come; lists wait for it. */
      let table: Routes<I, O> | undefined;
      let isSourceDone = false;

      const completeIfDone = () => {
        if (!isSourceDone || table === undefined) return;
        if ([...lanes.values()].every((lane) => lane.output.closed)) subscriber.complete();
      };

      const completeLanes = () => {
        if (!isSourceDone || table === undefined) return;
        for (const lane of [...lanes.values()]) lane.input.complete();
        completeIfDone();
      };

      const fail = (list: AspiredVersions<I>, error: unknown) => {
        const { name, versions } = list;
        if (versions.length === 0) latest.delete(name);
        subscriber.next({
          ...list,
          versions: versions.map(({ id }) => ({ id, error: errors.adapterFailed(id, error) })),
        });
      };

      const openLane = (adapter: SourceAdapter<I, O>): Lane<I> => {
        const lane: Lane<I> = { input: new Subject(), output: new Subscription() };
        lanes.set(adapter, lane);
        const end = (failure?: { readonly error: unknown }) => {
          lane.failure = failure;
          lane.output.unsubscribe();
          if (failure === undefined) lanes.delete(adapter);
          else {
            for (const { list, lane: owner } of [...latest.values()]) {
              if (owner === lane) fail(list, failure.error);
            }
          }
          completeIfDone();
        };
        try {
          const output = adapter(lane.input.asObservable()).subscribe({
            next: (list) => {
              // A lane that answers late must not speak for a servable that has moved on.
              const routed = latest.get(list.name);
              if (routed?.lane !== lane) return;
              if (list.versions.length === 0 && routed.list.versions.length === 0) {
                latest.delete(list.name);
              }
              subscriber.next(list);
            },
            error: (error) => end({ error }),
            complete: () => end(),
          });
          lane.output.add(output);
        } catch (error) {
          end({ error });
        }
        return lane;
      };

      /** The lane of a list; an error when it has none. */
      const laneOf = (list: AspiredVersions<I>, routes: Routes<I, O>) => {
        const key = keyOf(list);
        const adapter = Object.hasOwn(routes, key) ? routes[key] : fallback;
        if (adapter === undefined) throw errors.noRoute(list.name, key, Object.keys(routes));
        return lanes.get(adapter) ?? openLane(adapter);
      };

      const send = (list: AspiredVersions<I>, onlyIfMoved: boolean) => {
        const before = latest.get(list.name)?.lane;
        latest.set(list.name, { list, lane: undefined });
        if (table === undefined) return;
        try {
          const lane = laneOf(list, table);
          latest.set(list.name, { list, lane });
          if (onlyIfMoved && before === lane) return;
          if (lane.failure) fail(list, lane.failure.error);
          else lane.input.next(list);
        } catch (error) {
          fail(list, error);
        }
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
            const named = new Set([...Object.values(next), fallback]);
            for (const [adapter, lane] of lanes) {
              if (named.has(adapter)) continue;
              lanes.delete(adapter);
              lane.output.unsubscribe();
            }
            completeLanes();
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
            completeLanes();
          },
        }),
      );
      return subscription;
    });
}

/** The latest list of a servable, and the lane that it was sent to. */
interface Routed<I> {
  readonly list: AspiredVersions<I>;
  readonly lane: Lane<I> | undefined;
}

/** One adapter at work: what it is fed with, and the subscription of what it gives. */
interface Lane<I> {
  readonly input: Subject<AspiredVersions<I>>;
  readonly output: Subscription;
  failure?: { readonly error: unknown } | undefined;
}
