import {
  type AspiredVersions,
  AspiredVersionsManager,
  allVersions,
  type Loader,
  type ModelSource,
  mapVersions,
  type RemotePath,
  type SourceProvider,
  type StoragePath,
  silentLogger,
} from "@serving-kit/core";
import {
  FakeClock,
  FakeStorage,
  RecordingTarget,
  sourceConformance,
  turn,
} from "@serving-kit/testing";
import fc from "fast-check";
import { EMPTY, NEVER, Subject, throwError } from "rxjs";
import { describe, expect, it } from "vitest";
import { ModelSources } from "./model-sources.js";
import { QUIET_MS, RETRY_MS } from "./provider-source.js";

type ModelData = StoragePath | RemotePath;

interface Text extends AsyncDisposable {
  readonly uri: string;
}

/** The URIs of versions are the servables; a version of a URI with "bad" fails to load. */
const texts = mapVersions<ModelData, Loader<Text>>((data) => ({
  load: async () => {
    const uri = "uri" in data ? data.uri : data.path;
    if (uri.includes("bad")) throw new Error("bad");
    return { uri, [Symbol.asyncDispose]: async () => {} };
  },
}));

class World {
  readonly clock = new FakeClock();
  readonly storages = ["a", "b", "c"].map(
    (scheme) => new FakeStorage({ schemes: [scheme], clock: this.clock }),
  );
  readonly manager = new AspiredVersionsManager<Text>({ clock: this.clock });
  readonly sources: ModelSources;

  constructor(
    models: Readonly<Record<string, string>>,
    more: Readonly<Record<string, SourceProvider>> = {},
  ) {
    this.more = more;
    this.sources = new ModelSources({
      servables: this.servables(models),
      clock: this.clock,
      logger: silentLogger,
      isAvailable: ({ name, version }) =>
        this.manager.states(name).some((s) => s.id.version === version && s.state === "available"),
    });
  }
  readonly more: Readonly<Record<string, SourceProvider>>;

  /** The servables of base paths by name. */
  servables(models: Readonly<Record<string, string>>) {
    return Object.entries(models).map(([name, basePath]) => {
      const scheme = basePath.slice(0, basePath.indexOf(":"));
      const storage = this.storages["abc".indexOf(scheme)];
      const provider = this.more[scheme] ?? (storage?.provider as SourceProvider);
      return { name, basePath, provider };
    });
  }

  async move(models: Readonly<Record<string, string>>): Promise<void> {
    await this.sources.reconfigure(this.servables(models));
  }

  storage(scheme: string): FakeStorage {
    return this.storages["abc".indexOf(scheme)] as FakeStorage;
  }

  connect(): void {
    this.manager.connect(this.sources.pipe(texts));
  }

  async pass(ms = 1_000): Promise<void> {
    await this.clock.advance(ms);
    await turn();
  }

  /** The URI that answers for a name, or undefined. */
  serving(name: string): string | undefined {
    try {
      using handle = this.manager.acquire({ name });
      return handle.servable.uri;
    } catch {
      return undefined;
    }
  }
}

sourceConformance(
  { describe, it },
  {
    name: "ModelSources",
    create: () => {
      const world = new World({ digits: "a://digits", faces: "b://faces" });
      const pathOf = (name: string) => (name === "digits" ? "a://digits" : "b://faces");
      const storageOf = (name: string) => world.storage(name === "digits" ? "a" : "b");
      const published = new Map<string, readonly bigint[]>();
      void world.move({});
      void world.sources.reconfigure(
        world
          .servables({ digits: "a://digits", faces: "b://faces" })
          .map((servable) => ({ ...servable, versionPolicy: allVersions() })),
      );
      return {
        source: world.sources,
        names: ["digits", "faces"],
        aspire(name, versions) {
          const storage = storageOf(name);
          for (const version of published.get(name) ?? []) storage.remove(pathOf(name), version);
          for (const version of versions) storage.publish(pathOf(name), version);
          published.set(name, versions);
        },
        lose: (name) => storageOf(name).set(pathOf(name), "answers"),
        pass: () => world.clock.advance(1_000),
        looked: () => world.storages.reduce((sum, { reads }) => sum + reads, 0),
        held: () => world.clock.pending,
      };
    },
  },
);

describe("ModelSources, a name that moves", () => {
  it("keeps its version until that of the new source is available", async () => {
    const world = new World({ m: "a://m" });
    world.storage("a").publish("a://m", 1n);
    world.connect();
    await world.pass();
    expect(world.serving("m")).toBe("a://m/1");
    await world.move({ m: "b://m" });
    await world.pass(5_000);
    expect(world.serving("m")).toBe("a://m/1");
    expect(world.sources.problems("m").map(({ error }) => error.reason)).toEqual([]);
    world.storage("b").publish("b://m", 7n);
    await world.pass();
    expect(world.serving("m")).toBe("b://m/7");
    expect(world.manager.states("m").map(({ id }) => id.version)).toEqual([7n]);
    world.storage("b").remove("b://m", 7n);
    await world.pass();
    expect(world.serving("m"), "a withdrawal of the new source counts now").toBeUndefined();
  });

  it("keeps its version while the new source is down, fails to load, or withdraws again", async () => {
    const world = new World({ m: "a://m" });
    world.storage("a").publish("a://m", 9n);
    world.connect();
    await world.pass();
    world.storage("b").set("b://bad", "fails");
    await world.move({ m: "b://bad" });
    await world.pass(3_000);
    expect(world.serving("m")).toBe("a://m/9");
    expect(world.sources.problems("m").map(({ error }) => error.reason)).toEqual(["DOWN"]);
    world.storage("b").set("b://bad", "answers");
    world.storage("b").publish("b://bad", 2n);
    await world.pass(3_000);
    expect(world.manager.states("m").map(({ id }) => id.version)).toEqual([9n, 2n]);
    expect(world.serving("m")).toBe("a://m/9");
    world.storage("b").remove("b://bad", 2n);
    await world.pass(3_000);
    expect(world.serving("m")).toBe("a://m/9");
  });

  it("is withdrawn when a reload removes it in the middle of the move", async () => {
    const world = new World({ m: "a://m", other: "a://other" });
    world.storage("a").publish("a://m", 1n);
    world.storage("a").publish("a://other", 1n);
    world.connect();
    await world.pass();
    await world.move({ m: "b://m", other: "a://other" });
    await world.move({ other: "a://other" });
    await world.pass();
    expect([world.serving("m"), world.serving("other")]).toEqual([undefined, "a://other/1"]);
    world.storage("b").publish("b://m", 3n);
    await world.pass(3_000);
    expect(world.manager.states("m")).toEqual([]);
  });

  it("ends the source of a provider that has no model any more", async () => {
    const world = new World({ m: "a://m" });
    world.connect();
    await world.pass();
    await world.move({ m: "b://m" });
    const { reads } = world.storage("a");
    await world.pass(5_000);
    expect(world.storage("a").reads).toBe(reads);
    await world.manager.close();
    expect(world.clock.pending).toBe(0);
  });

  it("never is without a version, in any order of moves, publications, outages and polls", async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("move" as const), to: fc.constantFrom("a", "b", "c") }),
      fc.record({
        kind: fc.constantFrom("publish" as const, "remove" as const),
        to: fc.constantFrom("a", "b", "c"),
        version: fc.bigInt({ min: 1n, max: 5n }),
      }),
      fc.record({
        kind: fc.constantFrom("fails" as const, "hangs" as const, "answers" as const),
        to: fc.constantFrom("a", "b", "c"),
      }),
      fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(0, 10, 1_000, 40_000) }),
      fc.record({ kind: fc.constant("poll" as const) }),
    );
    const run = async (
      steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
    ) => {
      const world = new World({ m: "a://m" });
      world.storage("a").publish("a://m", 1n);
      world.connect();
      await world.pass();
      let hasGap = false;
      world.manager.events.subscribe(() => {
        hasGap ||= world.serving("m") === undefined;
      });
      for (const each of steps) {
        if (each.kind === "move") await world.move({ m: `${each.to}://m` });
        else if (each.kind === "remove") {
          // A storage that has the version that serves may withdraw it. One that was found may be about to serve.
          await world.pass(0);
          if (world.serving("m")?.startsWith(each.to)) continue;
          world.storage(each.to).remove(`${each.to}://m`, each.version);
        } else if (each.kind === "publish") {
          world.storage(each.to).publish(`${each.to}://m`, each.version);
        } else if (each.kind === "pass") await world.pass(each.ms);
        else if (each.kind === "poll") void world.sources.poll();
        else world.storage(each.to).set(`${each.to}://m`, each.kind);
        hasGap ||= world.serving("m") === undefined;
      }
      await world.pass(60_000);
      const isKept = !hasGap && world.serving("m") !== undefined;
      await world.manager.close();
      return isKept;
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), run), { numRuns: 200 });
  });
});

describe("ModelSources, a provider that misbehaves", () => {
  /** A provider that makes a source of these members. */
  const providing = (members: Partial<ModelSource> | (() => never)): SourceProvider => ({
    schemes: ["x"],
    create: () => {
      if (typeof members === "function") return members();
      const source = NEVER as unknown as ModelSource;
      return Object.assign(Object.create(source), {
        subscribe: source.subscribe.bind(source),
        events: new Subject(),
        reconfigure: () => {},
        poll: async () => {},
        problems: () => [],
        ...members,
      }) as ModelSource;
    },
  });
  const subscribeOf = (source: { subscribe: unknown }) =>
    (source.subscribe as ModelSource["subscribe"]).bind(source as never);
  const boom = () => {
    throw new Error("boom");
  };

  it.each<[string, Partial<ModelSource> | (() => never)]>([
    ["throws when it makes a source", boom],
    ["fails", { subscribe: subscribeOf(throwError(() => new Error("boom"))) as never }],
    ["completes", { subscribe: subscribeOf(EMPTY) as never }],
    ["throws in subscribe", { subscribe: boom as never }],
    ["rejects a poll", { poll: async () => boom() }],
    ["throws in poll", { poll: boom as never }],
  ])("that %s harms no other model", async (_, members) => {
    const world = new World({ m: "a://m", n: "x://n" }, { x: providing(members) });
    world.storage("a").publish("a://m", 1n);
    using target = new RecordingTarget(world.sources);
    expect(target.isSynchronous).toBe(false);
    world.connect();
    await world.sources.poll();
    await world.pass();
    expect(world.serving("m")).toBe("a://m/1");
    expect(world.sources.problems("n")).toMatchObject([{ error: { reason: "SOURCE_FAILED" } }]);
    await expect(world.manager.available({ name: "n" })).rejects.toMatchObject({
      reason: "SOURCE_FAILED",
      message: expect.stringContaining("the source of model n failed (x): "),
    });
    world.storage("a").publish("a://m", 2n);
    await world.move({ m: "a://m", n: "x://n", k: "x://k" });
    await world.pass();
    expect(world.serving("m")).toBe("a://m/2");
    expect(world.sources.problems("m")).toEqual([]);
  });

  it("that never answers a poll is reported after a while, and affects no other model", async () => {
    const events = new Subject<never>();
    const x = providing({ poll: () => new Promise(() => {}), events });
    const world = new World({ m: "a://m", n: "x://n" }, { x });
    world.storage("a").publish("a://m", 1n);
    world.connect();
    let isPolled = false;
    void world.sources.poll().then(() => {
      isPolled = true;
    });
    await world.pass(QUIET_MS - 1);
    expect([world.serving("m"), isPolled]).toEqual(["a://m/1", false]);
    await world.pass(1);
    expect(isPolled).toBe(true);
    expect(world.sources.problems("n")).toMatchObject([{ error: { reason: "SOURCE_HANGS" } }]);
    await world.manager.close();
    expect(world.clock.pending).toBe(0);
  });

  it("is asked again after a while, and by a poll, and its problem is over when it answers", async () => {
    const { provider } = new FakeStorage({ schemes: ["x"] });
    let attempts = 0;
    const flaky: SourceProvider = {
      ...provider,
      create(context) {
        if (attempts++ < 2) throw new Error("no route to host");
        return provider.create(context);
      },
    };
    const world = new World({ n: "x://n" }, { x: flaky });
    const kinds: string[] = [];
    world.sources.events.subscribe(({ kind }) => kind === "activity" || kinds.push(kind));
    world.connect();
    expect(attempts).toBe(1);
    await world.sources.poll();
    expect(attempts).toBe(2);
    await world.pass(RETRY_MS);
    expect(attempts).toBe(3);
    await world.sources.poll();
    expect(world.sources.problems("n").map(({ error }) => error.reason)).toEqual([]);
    expect(kinds).toEqual(["problem", "resolved"]);
  });

  it("that throws in reconfigure, problems or labels is called again", async () => {
    const x = providing({ reconfigure: boom, problems: boom, labels: boom });
    const world = new World({ n: "x://n" }, { x });
    world.connect();
    expect([world.sources.problems("n"), world.sources.labels("n")]).toEqual([[], {}]);
    await world.move({ n: "x://n2" });
    expect(world.sources.problems("n")).toMatchObject([{ error: { reason: "SOURCE_FAILED" } }]);
  });
});

it("ModelSources emit only the lists of the provider that has the name", async () => {
  const lists = new Subject<AspiredVersions<ModelData>>();
  const source = Object.assign(lists.asObservable(), {
    events: new Subject<never>(),
    reconfigure: () => {},
    poll: async () => {},
    problems: () => [],
  }) as unknown as ModelSource;
  const world = new World(
    { m: "a://m", n: "x://n" },
    { x: { schemes: ["x"], create: () => source } },
  );
  using target = new RecordingTarget(world.sources);
  await world.pass();
  lists.next({ name: "m", versions: [] });
  lists.next({ name: "stranger", versions: [] });
  lists.next({ name: "n", versions: [] });
  expect(target.emissions.map(({ name }) => name)).toEqual(["m", "n"]);
});
