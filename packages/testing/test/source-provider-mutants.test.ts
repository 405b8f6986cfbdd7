import type {
  AspiredVersions,
  ModelSource,
  SourceContext,
  SourceEvent,
  SourceProvider,
} from "@serving-kit/core";
import { map, mergeMap, Observable, Subject } from "rxjs";
import { describe, expect, it } from "vitest";
import { type FakeStorage, sourceProviderConformance } from "../src/index.js";
import { failuresOf } from "./collecting-runner.js";
import { providerWorld } from "./storage-worlds.js";

/** The clauses that a provider breaks, in the words of the suite. */
async function brokenBy(
  change: (provider: SourceProvider, storage: FakeStorage) => SourceProvider,
): Promise<string[]> {
  const failures = await failuresOf((runner) =>
    sourceProviderConformance(runner, {
      name: "mutant",
      create: () => providerWorld((storage) => change(storage.provider, storage)),
      timeoutMs: 600,
    }),
  );
  return [...failures.keys()];
}

/** A provider whose sources are changed. */
const creating =
  (change: (source: ModelSource, context: SourceContext) => Partial<ModelSource>) =>
  (provider: SourceProvider): SourceProvider => ({
    ...provider,
    create(context) {
      const source = provider.create(context);
      return Object.assign(new Observable((subscriber) => source.subscribe(subscriber)), {
        events: source.events,
        reconfigure: source.reconfigure.bind(source),
        poll: source.poll.bind(source),
        problems: source.problems.bind(source),
        labels: (name: string) => source.labels?.(name) ?? {},
        ...change(source, context),
      }) as ModelSource;
    },
  });

type Lists = AspiredVersions<never>;

/** A source whose emissions are changed. */
const emitting = (change: (list: Lists, source: ModelSource) => Lists) =>
  creating((source) => ({
    subscribe: ((observer: never) =>
      source.pipe(map((list) => change(list as Lists, source))).subscribe(observer)) as never,
  }));

describe("sourceProviderConformance rejects a provider", () => {
  it("but not one that keeps the contract", async () => {
    expect(await brokenBy((provider) => provider)).toEqual([]);
    expect(await brokenBy(creating(() => ({})))).toEqual([]);
  });

  it("N1 that emits all versions, or paths that are not there", async () => {
    const oldest = emitting((list) => ({ ...list, versions: list.versions.slice(-1) }));
    expect(await brokenBy(oldest)).toEqual(["N1"]);
    const absent = emitting((list) => ({
      ...list,
      versions: list.versions.map((version) => ({
        ...version,
        data: { path: "/not/there" } as never,
      })),
    }));
    expect(await brokenBy(absent)).toEqual(["N1", "N11"]);
  });

  it("N2 that withdraws late, or withdraws what stays", async () => {
    const late = creating((source) => ({
      reconfigure: (servables) => queueMicrotask(() => source.reconfigure(servables)),
    }));
    expect(await brokenBy(late)).toEqual(["N2"]);
    const restarting = creating((source) => ({
      reconfigure(servables) {
        void source.reconfigure([]);
        void source.reconfigure(servables);
      },
    }));
    expect(await brokenBy(restarting)).toEqual(["N2"]);
  });

  it("N3 whose poll does not wait, rejects, or never resolves", async () => {
    const eager = creating((source) => ({
      poll: async () => {
        void source.poll();
      },
    }));
    const rejecting = creating((source) => ({
      poll: async () => {
        await source.poll();
        if (source.problems().length > 0) throw new Error("unreadable");
      },
    }));
    const hanging = creating(() => ({ poll: () => new Promise(() => {}) }));
    for (const mutant of [eager, rejecting, hanging])
      expect(await brokenBy(mutant)).toEqual(["N3"]);
  });

  it("N4 that withdraws what it cannot read, or keeps it to itself", async () => {
    const withdrawing = creating((source) => ({
      subscribe: ((observer: { next(list: Lists): void }) => {
        const subscription = source.subscribe(observer as never);
        const events = source.events.subscribe((event) => {
          if (event.kind !== "problem") return;
          observer.next({ name: event.problem.name, versions: [] });
        });
        subscription.add(events);
        return subscription;
      }) as never,
    }));
    expect(await brokenBy(withdrawing)).toEqual(["N4"]);
    const silent = creating(() => ({ problems: () => [] }));
    expect(await brokenBy(silent)).toEqual(["N4"]);
  });

  it("N5 that emits nothing while one of its servables fails", async () => {
    const waiting = creating((source) => ({
      subscribe: ((observer: { next(list: Lists): void }) =>
        source.subscribe({
          ...observer,
          next: (list) => source.problems().length === 0 && observer.next(list as Lists),
        })) as never,
    }));
    expect(await brokenBy(waiting)).toContain("N5");
  });

  it("N6 that fails with its storage", async () => {
    const failing = creating((source) => ({
      subscribe: ((observer: { error(error: unknown): void }) => {
        const subscription = source.subscribe(observer as never);
        const problems = () => source.problems().at(0);
        source.events.subscribe(() => problems() && observer.error(problems()?.error));
        return subscription;
      }) as never,
    }));
    expect(await brokenBy(failing)).toContain("N6");
  });

  it("N7 that has no events, or whose problems stay", async () => {
    const silent = creating(() => ({ events: new Subject<never>() }));
    expect(await brokenBy(silent)).toEqual(["N7", "N8", "N11"]);
    const sticky = creating((source) => {
      let last: ReturnType<ModelSource["problems"]> = [];
      source.events.subscribe((event) => {
        last = event.kind === "problem" ? [event.problem] : [];
      });
      return { problems: () => last };
    });
    expect(await brokenBy(sticky)).toEqual(["N7"]);
  });

  it("N8 whose labels never change", async () => {
    expect(await brokenBy(creating(() => ({ labels: () => ({}) })))).toEqual(["N8"]);
  });

  it("N9 whose resolve is not stable, or rejects nothing", async () => {
    const growing = (provider: SourceProvider) => ({
      ...provider,
      resolve: (basePath: string) => `${basePath}/`,
    });
    expect(await brokenBy(growing)).toContain("N9");
    const lax = (provider: SourceProvider) => ({
      ...provider,
      resolve: (basePath: string) => basePath.replace(/\/+$/, ""),
    });
    expect(await brokenBy(lax)).toEqual(["N9"]);
  });

  it("N11 that reports no fetches, or each listing twice", async () => {
    const reporting = (change: (event: SourceEvent) => readonly SourceEvent[]) =>
      creating((source) => ({ events: source.events.pipe(mergeMap(change)) }));
    const isListed = (event: SourceEvent) =>
      event.kind === "activity" && event.activity.what === "listed";
    const silent = reporting((event) =>
      event.kind === "activity" && !isListed(event) ? [] : [event],
    );
    const double = reporting((event) => (isListed(event) ? [event, event] : [event]));
    for (const mutant of [silent, double]) expect(await brokenBy(mutant)).toEqual(["N11"]);
  });

  it("N10 that reads when it creates a source, or returns the same source again", async () => {
    const eager = (provider: SourceProvider, storage: FakeStorage) => ({
      ...provider,
      create(context: SourceContext) {
        storage.reads++;
        return provider.create(context);
      },
    });
    expect(await brokenBy(eager)).toEqual(["N10"]);
    const same = (provider: SourceProvider) => {
      let source: ModelSource | undefined;
      return {
        ...provider,
        create(context: SourceContext) {
          source ??= provider.create(context);
          return source;
        },
      };
    };
    expect(await brokenBy(same)).toEqual(["N10"]);
  });
});
