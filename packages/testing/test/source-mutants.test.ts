import { type AspiredVersions, type Clock, type Source, servableId } from "@serving-kit/core";
import { filter, map, mergeMap, Observable, type Subscriber } from "rxjs";
import { describe, expect, it } from "vitest";
import { type FakeClock, sourceConformance } from "../src/index.js";
import { failuresOf } from "./collecting-runner.js";
import { listOf, type Registry, registrySource, registryWorld } from "./registry-source.js";

type MakeSource = (registry: Registry, clock: FakeClock) => Source<string>;

/** The clauses that a source breaks, in the words of the suite. */
async function brokenBy(makeSource: MakeSource): Promise<string[]> {
  const failures = await failuresOf((runner) =>
    sourceConformance(runner, {
      name: "mutant",
      create: () => registryWorld(makeSource),
      timeoutMs: 300,
    }),
  );
  return [...failures.keys()];
}

/** A registry source whose emissions are changed. */
const emitting =
  (change: (versions: AspiredVersions<string>, emission: number) => AspiredVersions<string>) =>
  (registry: Registry, clock: Clock): Source<string> =>
    new Observable((subscriber) =>
      registrySource(registry, clock).pipe(map(change)).subscribe(subscriber),
    );

/** A source that emits the whole registry when told, and polls as long as it is told to go on. */
function polling(
  { versions, ...registry }: Registry,
  clock: Clock,
  subscriber: Subscriber<AspiredVersions<string>>,
  goesOn: () => boolean = () => !subscriber.closed,
): void {
  const poll = () => {
    registry.looked++;
    for (const [name, list] of versions) {
      subscriber.next(listOf({ versions, ...registry }, name, list));
    }
    if (goesOn()) clock.setTimeout(poll, 1_000);
  };
  clock.setTimeout(poll, 1);
}

describe("sourceConformance rejects a source", () => {
  it("but not one that keeps the contract", async () => {
    expect(await brokenBy(registrySource)).toEqual([]);
  });

  it("O1 that reads its storage on creation", async () => {
    const eager: MakeSource = (registry, clock) => {
      clock.setTimeout(() => registry.looked++, 1);
      return registrySource(registry, clock);
    };
    expect(await brokenBy(eager)).toEqual(["O1"]);
  });

  it("O2 that starts with a part of the list", async () => {
    const partial: MakeSource = (registry, clock) =>
      new Observable((subscriber) => {
        const seen = new Set<string>();
        const parts = map((list: AspiredVersions<string>) => {
          const versions = seen.has(list.name) ? list.versions : list.versions.slice(-1);
          seen.add(list.name);
          return { ...list, versions };
        });
        return registrySource(registry, clock).pipe(parts).subscribe(subscriber);
      });
    expect(await brokenBy(partial)).toEqual(["O2"]);
  });

  it("O3 whose ids have another name", async () => {
    const renaming = emitting((list) => ({
      ...list,
      versions: list.versions.map((v) => ({
        ...v,
        id: servableId(list.name.toUpperCase(), v.id.version),
      })),
    }));
    expect(await brokenBy(renaming)).toEqual(["O3"]);
  });

  it("O3 that lists a version twice", async () => {
    const twice = emitting(({ name, versions }) => ({
      name,
      versions: [...versions, ...versions],
    }));
    expect(await brokenBy(twice)).toContain("O3");
  });

  it("O4 that never withdraws", async () => {
    const clinging: MakeSource = (registry, clock) =>
      registrySource(registry, clock).pipe(
        filter(({ versions, error }) => versions.length > 0 || error !== undefined),
      );
    expect(await brokenBy(clinging)).toEqual(["O4"]);
  });

  it("O5 whose list flaps while nothing changes", async () => {
    const flapping: MakeSource = (registry, clock) =>
      registrySource(registry, clock).pipe(
        mergeMap((list) => [list, { ...list, versions: list.versions.slice(0, 1) }, list]),
      );
    expect(await brokenBy(flapping)).toContain("O5");
    expect(await brokenBy(flapping)).not.toContain("O4");
  });

  it("O6 that fails when a version is broken", async () => {
    const failing: MakeSource = (registry, clock) =>
      registrySource(registry, clock).pipe(
        map((list) => {
          for (const version of list.versions) if ("error" in version) throw version.error;
          return list;
        }),
      );
    expect(await brokenBy(failing)).toEqual(["O6"]);
  });

  it("O6 that leaves a broken version out", async () => {
    const silent = emitting((list) => ({
      ...list,
      versions: list.versions.filter((v) => !("error" in v)),
    }));
    expect(await brokenBy(silent)).toEqual(["O6"]);
  });

  it("O7 that goes on polling after unsubscribe", async () => {
    const forever: MakeSource = (registry, clock) =>
      new Observable((subscriber) => polling(registry, clock, subscriber, () => true));
    // Two that have left hold timers as one does.
    expect(await brokenBy(forever)).toEqual(["O7", "O8"]);
  });

  it("O8 whose subscriptions end together", async () => {
    const together: MakeSource = (registry, clock) => {
      const subscribers = new Set<Subscriber<AspiredVersions<string>>>();
      return new Observable((subscriber) => {
        subscribers.add(subscriber);
        polling(registry, clock, subscriber);
        return () => {
          for (const other of subscribers) other.unsubscribe();
        };
      });
    };
    // "At once, or while it emits" has two subscriptions as well, one after the other.
    expect(await brokenBy(together)).toEqual(["O8"]);
  });

  it("O9 that emits within subscribe", async () => {
    const synchronous: MakeSource = (registry, clock) =>
      new Observable((subscriber) => {
        for (const [name, list] of registry.versions) subscriber.next(listOf(registry, name, list));
        return registrySource(registry, clock).subscribe(subscriber);
      });
    expect(await brokenBy(synchronous)).toContain("O9");
  });

  it("O10 that does not report why there is nothing to load", async () => {
    const silentList = emitting(({ name, versions }) => ({ name, versions }));
    expect(await brokenBy(silentList)).toEqual(["O10"]);
  });

  it("O10 that keeps the error when there is a version", async () => {
    const sticky: MakeSource = (registry, clock) =>
      new Observable((subscriber) => {
        const errors = new Map<string, AspiredVersions<string>["error"]>();
        const keepError = map((list: AspiredVersions<string>) => {
          if (list.error) errors.set(list.name, list.error);
          const error = errors.get(list.name);
          return error ? { ...list, error } : list;
        });
        return registrySource(registry, clock).pipe(keepError).subscribe(subscriber);
      });
    expect(await brokenBy(sticky)).toEqual(["O10"]);
  });
});
