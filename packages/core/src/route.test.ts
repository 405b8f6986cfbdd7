import { adapterConformance, RecordingTarget, turn } from "@serving-kit/testing";
import { concatMap, delay, map, NEVER, Observable, of, Subject, take, throwError } from "rxjs";
import { describe, expect, it } from "vitest";
import { broken } from "../test/manager-world.js";
import { mapVersions } from "./adapt.js";
import { type AspiredVersions, aspire } from "./aspired-versions.js";
import { type Routes, route } from "./route.js";
import { servableId } from "./servable-id.js";
import type { SourceAdapter } from "./source.js";

type Adapter = SourceAdapter<string, string>;

const list = (name: string, ...versions: number[]): AspiredVersions<string> => ({
  name,
  versions: versions.map((v) => aspire(servableId(name, v), `${name}-${v}`)),
});

/** Appends a word, so that one sees which way a servable went. */
const by = (word: string): Adapter => mapVersions((data: string) => `${data} by ${word}`);

const first = ({ name }: AspiredVersions<string>) => name[0] ?? "";

/** Routes the lists of a subject by the first letter of the name. */
function routed(
  routes: Routes<string, string> | Observable<Routes<string, string>>,
  fallback?: Adapter,
  keyOf = first,
) {
  let subscriptions = 0;
  const input = new Subject<AspiredVersions<string>>();
  const source = new Observable<AspiredVersions<string>>((subscriber) => {
    subscriptions++;
    return input.subscribe(subscriber);
  });
  const target = new RecordingTarget(source.pipe(route(keyOf, routes, fallback)));
  /** What came out since the last look: `"a1 by A"`, `"a1: NO_ROUTE"`, or `"a: nothing"`. */
  const out = () =>
    target.emissions
      .splice(0)
      .flatMap(({ name, versions }) =>
        versions.length === 0
          ? [`${name}: nothing`]
          : versions.map((v) =>
              "data" in v ? v.data : `${name}-${v.id.version}: ${v.error.reason}`,
            ),
      );
  return { input, target, out, subscriptions: () => subscriptions };
}

adapterConformance(
  { describe, it },
  {
    name: "route",
    create: () =>
      route<string, string>(() => "all", {
        all: mapVersions((data) => {
          if (data === "bad") throw new Error("bad");
          return data;
        }),
      }),
    data: "good",
    failingData: "bad",
  },
);

describe("route", () => {
  it("sends each servable through the adapter of its key, and others through the fallback", () => {
    const { input, out, subscriptions } = routed({ a: by("A"), b: by("B") }, by("fallback"));
    for (const name of ["a", "b", "c", "constructor", "__proto__"]) input.next(list(name, 7));
    expect(out()).toEqual([
      "a-7 by A",
      "b-7 by B",
      "c-7 by fallback",
      "constructor-7 by fallback",
      "__proto__-7 by fallback",
    ]);
    expect(subscriptions()).toBe(1);
  });

  it("makes error versions where there is no route", () => {
    const { input, target, out } = routed({ a: by("A") });
    input.next(list("x", 1, 2));
    expect(target.emissions[0]?.versions[0]).toMatchObject({
      error: {
        code: "FAILED_PRECONDITION",
        message: 'no adapter for servable x: its route is "x"; expected one of a',
      },
    });
    expect(out()).toEqual(["x-1: NO_ROUTE", "x-2: NO_ROUTE"]);
    input.next(list("x"));
    expect(out()).toEqual(["x: nothing"]);
  });

  it("never looks a key up among the properties that every object has", () => {
    const { input, out } = routed({}, undefined, () => "toString");
    input.next(list("a", 1));
    expect(out()).toEqual(["a-1: NO_ROUTE"]);
  });

  it("unsubscribes from the source and all adapters", () => {
    const { input, target } = routed({ a: by("A") });
    input.next(list("a", 1));
    target[Symbol.dispose]();
    expect(input.observed).toBe(false);
  });

  it("gives each subscriber lanes of its own", () => {
    const source = of(list("a", 1)).pipe(route(first, { a: by("A") }));
    const [one, two] = [new RecordingTarget(source), new RecordingTarget(source)];
    expect(one.emissions).toEqual(two.emissions);
    expect([one.isCompleted, two.isCompleted]).toEqual([true, true]);
  });

  describe("completes", () => {
    it("when the source has, and what its adapters still have is told before", async () => {
      const slow: Adapter = concatMap((list) => of(list).pipe(delay(1)));
      const { input, target } = routed({ a: slow, b: by("B") });
      input.next(list("a", 1));
      input.complete();
      expect(target.isCompleted).toBe(false);
      while (!target.isCompleted) await turn();
      expect(target.emissions).toHaveLength(1);
    });

    it("at once when no adapter is at work, or all have failed", () => {
      const { input, target } = routed({ a: () => throwError(() => broken()) });
      input.next(list("a", 1));
      input.complete();
      expect(target.isCompleted).toBe(true);
      expect(target.emissions).toHaveLength(1);
    });

    it("and fails when the source fails", () => {
      const { input, target } = routed({ a: by("A") });
      const failure = new Error("source");
      input.error(failure);
      expect(target.failure?.error).toBe(failure);
    });
  });

  describe("an adapter that fails", () => {
    it.each<[string, Adapter]>([
      ["as a stream", () => throwError(() => new Error("lost"))],
      ["as a stream, with undefined", () => throwError(() => undefined)],
      [
        "by throwing when it is set up",
        () => {
          throw new Error("lost");
        },
      ],
      [
        "on its first list",
        map(() => {
          throw new Error("lost");
        }),
      ],
    ])("%s makes error versions of its servables; the others go on", (_, failing) => {
      const { input, out } = routed({ a: failing, b: by("B") });
      input.next(list("b", 1));
      input.next(list("a1", 1));
      input.next(list("a2", 1));
      input.next(list("b", 2));
      expect(out()).toEqual([
        "b-1 by B",
        "a1-1: ADAPTER_FAILED",
        "a2-1: ADAPTER_FAILED",
        "b-2 by B",
      ]);
      input.next(list("a1"));
      expect(out()).toEqual(["a1: nothing"]);
    });

    it("later makes error versions of all that it had", () => {
      const fail = new Subject<never>();
      const adapter: Adapter = (source) =>
        new Observable((subscriber) => {
          const subscription = source.subscribe(subscriber);
          subscription.add(fail.subscribe(subscriber));
          return subscription;
        });
      const { input, out } = routed({ a: adapter, b: by("B") });
      for (const name of ["a1", "b", "a2"]) input.next(list(name, 1));
      out();
      fail.error(broken());
      expect(out()).toEqual(["a1-1: BROKEN", "a2-1: BROKEN"]);
    });

    it("is replaced by a table that names another", () => {
      const tables = new Subject<Routes<string, string>>();
      const { input, out } = routed(tables);
      tables.next({ a: () => throwError(() => broken()) });
      input.next(list("a", 1));
      expect(out()).toEqual(["a-1: BROKEN"]);
      tables.next({ a: by("A") });
      expect(out()).toEqual(["a-1 by A"]);
    });

    it("keyOf that throws makes error versions of that servable", () => {
      const { input, out } = routed({ b: by("B") }, undefined, (list) => {
        if (list.name === "a") throw new Error("no key");
        return list.name;
      });
      input.next(list("a", 1));
      input.next(list("b", 1));
      expect(out()).toEqual(["a-1: ADAPTER_FAILED", "b-1 by B"]);
    });
  });

  describe("routes that change", () => {
    it("move what they must, without a gap, and leave the rest alone", () => {
      const [A, B, C] = [by("A"), by("B"), by("C")];
      const tables = new Subject<Routes<string, string>>();
      const { input, out } = routed(tables);
      tables.next({ a: A, b: B });
      for (const name of ["a", "b"]) input.next(list(name, 1));
      out();
      tables.next({ a: A, b: C });
      expect(out()).toEqual(["b-1 by C"]);
      tables.next({ a: A, b: C, c: B });
      expect(out()).toEqual([]);
      input.next(list("b", 2));
      expect(out()).toEqual(["b-2 by C"]);
    });

    it("swap two servables", () => {
      const [A, fallback] = [by("A"), by("fallback")];
      const tables = new Subject<Routes<string, string>>();
      const { input, out } = routed(tables, fallback);
      tables.next({ f: A });
      for (const name of ["f", "b"]) input.next(list(name, 7));
      expect(out()).toEqual(["f-7 by A", "b-7 by fallback"]);
      tables.next({ b: A });
      expect(out().sort()).toEqual(["b-7 by A", "f-7 by fallback"]);
    });

    it("subscribe to the new adapter before they drop the old one", () => {
      const order: string[] = [];
      const watched =
        (word: string): Adapter =>
        (source) =>
          new Observable((subscriber) => {
            order.push(`${word} begins`);
            const subscription = source.subscribe(subscriber);
            subscription.add(() => order.push(`${word} ends`));
            return subscription;
          });
      const tables = new Subject<Routes<string, string>>();
      const { input } = routed(tables);
      tables.next({ a: watched("old") });
      input.next(list("a", 1));
      tables.next({ a: watched("new") });
      expect(order).toEqual(["old begins", "new begins", "old ends"]);
    });

    it("wait for the first table with what the source has told", () => {
      const tables = new Subject<Routes<string, string>>();
      const { input, target, out } = routed(tables);
      input.next(list("a", 1));
      input.next(list("a", 2));
      input.complete();
      expect(target.emissions).toEqual([]);
      tables.next({ a: by("A") });
      expect(out()).toEqual(["a-2 by A"]);
      expect(target.isCompleted).toBe(true);
    });

    it("send a servable that lost its route an error, and back again when it has one", () => {
      const tables = new Subject<Routes<string, string>>();
      const { input, out } = routed(tables);
      tables.next({ a: by("A") });
      input.next(list("a", 1));
      tables.next({});
      tables.next({ a: by("A2") });
      expect(out()).toEqual(["a-1 by A", "a-1: NO_ROUTE", "a-1 by A2"]);
    });

    it("fail the stream when the tables fail", () => {
      const { target } = routed(throwError(() => broken()));
      expect(target.failure?.error).toMatchObject({ reason: "BROKEN" });
    });

    it("forget servables that were withdrawn", () => {
      const tables = new Subject<Routes<string, string>>();
      const { input, out } = routed(tables);
      tables.next({ a: by("A") });
      input.next(list("a", 1));
      input.next(list("a"));
      out();
      tables.next({ a: by("A2") });
      expect(out()).toEqual([]);
    });
  });

  describe("adapters that answer late", () => {
    /** Holds what it gets until the test lets it go. */
    function held(word: string) {
      const waiting: (() => void)[] = [];
      const adapter: Adapter = (source) =>
        new Observable((subscriber) =>
          source.pipe(by(word)).subscribe((list) => void waiting.push(() => subscriber.next(list))),
        );
      return {
        adapter,
        release: () => {
          for (const tell of waiting.splice(0)) tell();
        },
      };
    }

    it("do not speak for a servable that has moved on", () => {
      const [old, next] = [held("old"), held("new")];
      const tables = new Subject<Routes<string, string>>();
      const { input, out } = routed(tables);
      tables.next({ a: old.adapter, b: old.adapter });
      input.next(list("a", 1));
      tables.next({ a: next.adapter, b: old.adapter });
      old.release();
      expect(out()).toEqual([]);
      next.release();
      expect(out()).toEqual(["a-1 by new"]);
    });

    it("are heard when a servable is withdrawn", () => {
      const { adapter, release } = held("late");
      const { input, out } = routed({ a: adapter });
      input.next(list("a", 1));
      release();
      input.next(list("a"));
      release();
      expect(out()).toEqual(["a-1 by late", "a: nothing"]);
    });

    it("that complete by themselves are set up anew for the next list", () => {
      const { input, out } = routed({ a: (source) => source.pipe(take(1), by("once")) });
      input.next(list("a", 1));
      input.next(list("a", 2));
      expect(out()).toEqual(["a-1 by once", "a-2 by once"]);
    });

    it("that never answer keep nobody else waiting", () => {
      const { input, out } = routed({ a: () => NEVER, b: by("B") });
      input.next(list("a", 1));
      input.next(list("b", 1));
      expect(out()).toEqual(["b-1 by B"]);
    });
  });
});
