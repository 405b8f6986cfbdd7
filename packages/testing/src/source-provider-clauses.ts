import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import {
  allVersions,
  isRemotePath,
  isServingError,
  type ModelSource,
  type RemotePath,
  type SourceActivityEvent,
  type SourceEvent,
  type SourceServable,
  type StoragePath,
  silentLogger,
  specificVersions,
  systemClock,
  type Version,
} from "@serving-kit/core";
import { RecordingTarget } from "./recording-target.js";
import type {
  SourceProviderConformanceOptions,
  SourceProviderWorld,
} from "./source-provider-world.js";
import { versionsOf } from "./source-stage.js";
import type { Tests } from "./suite.js";
import { turn } from "./turn.js";
import { DEFAULT_TIMEOUT_MS, until } from "./waiting.js";

/** Number of passes of a world after which the suite assumes that no more emissions follow. */
const QUIET_PASSES = 3;

/** The tests of N1 to N11. */
export function sourceProviderClauses(options: SourceProviderConformanceOptions): Tests {
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const withWorld = (test: (stage: Stage) => Promise<void>) => async () => {
    const world = await options.create();
    const stage = new Stage(world, timeoutMs);
    try {
      await test(stage);
    } finally {
      stage[Symbol.dispose]();
      await world[Symbol.asyncDispose]?.();
    }
  };
  return {
    "N1 it emits what the policy chooses, as files that are there or a remote path": withWorld(
      async (stage) => {
        const { world, first, second } = stage;
        for (const version of [1n, 2n, 10n]) {
          await world.publish(first.basePath, version);
          await world.publish(second.basePath, version);
        }
        const named = { ...second, versionPolicy: specificVersions([1, 2, 4]) };
        const source = stage.subscribe([first, named]);
        await stage.lists(first.name, [10n]);
        await stage.lists(named.name, [1n, 2n]);
        await source.reconfigure([{ ...first, versionPolicy: allVersions() }, named]);
        await stage.lists(first.name, [1n, 2n, 10n]);
        for (const { versions } of stage.target.emissions) {
          for (const version of versions) if ("data" in version) await checkData(version.data);
        }
      },
    ),

    "N2 reconfigure withdraws what is gone and keeps what stays": withWorld(async (stage) => {
      const { world, first, second } = stage;
      await world.publish(first.basePath, 1n);
      await world.publish(second.basePath, 1n);
      const source = stage.subscribe([first]);
      await stage.lists(first.name, [1n]);
      await source.reconfigure([second, first]);
      await stage.lists(second.name, [1n]);
      const reconfiguring = source.reconfigure([second]);
      if (reconfiguring !== undefined) await reconfiguring;
      assert.deepEqual(versionsOf(stage.target.latest(first.name)), [], "withdrawn at return");
      await stage.quiet();
      const lists = stage.target.emissions.filter(({ name }) => name === second.name);
      for (const list of lists) assert.deepEqual(versionsOf(list), [1n], "of a name that stays");
      assert.deepEqual(versionsOf(stage.target.latest(first.name)), [], "of a name that is gone");
    }),

    "N3 poll resolves when what has changed was emitted, and never rejects": withWorld(
      async (stage) => {
        const { world, first, second } = stage;
        await world.publish(first.basePath, 1n);
        const source = stage.create([first, second]);
        await stage.settles(source.poll(), "poll before subscribe");
        stage.record(source);
        await stage.lists(first.name, [1n]);
        await world.fail(second.basePath);
        await world.publish(first.basePath, 2n);
        await stage.polls(source, first.name, [2n]);
      },
    ),

    "N4 storage that cannot be read withdraws nothing and is a problem": withWorld(
      async (stage) => {
        const { world, first } = stage;
        await world.publish(first.basePath, 1n);
        const source = stage.subscribe([first]);
        await stage.lists(first.name, [1n]);
        await world.fail(first.basePath);
        await stage.comes(() => source.problems(first.name).length > 0, "a problem");
        for (const { name, error } of source.problems()) {
          assert.equal(name, first.name, "the name of a problem");
          assert.ok(isServingError(error), `expected a ServingError; got ${error}`);
        }
        await stage.quiet();
        assert.deepEqual(versionsOf(stage.target.latest(first.name)), [1n], "while it fails");
        await world.recover(first.basePath);
        await stage.comes(() => source.problems(first.name).length === 0, "no problem any more");
        await world.publish(first.basePath, 2n);
        await stage.lists(first.name, [2n]);
      },
    ),

    "N5 a servable whose storage fails delays no other": withWorld(async (stage) => {
      const { world, first, second } = stage;
      await world.fail(first.basePath);
      await world.publish(second.basePath, 1n);
      stage.subscribe([first, second]);
      await stage.lists(second.name, [1n]);
      await world.publish(second.basePath, 2n);
      await stage.lists(second.name, [2n]);
    }),

    "N6 the source never completes or fails": withWorld(async (stage) => {
      const { world, first } = stage;
      await world.fail(first.basePath);
      const source = stage.subscribe([first]);
      await stage.quiet();
      await source.reconfigure([]);
      await stage.quiet();
      const { failure, isCompleted } = stage.target;
      assert.ok(failure === undefined, `expected no failure of the source; got ${failure?.error}`);
      assert.ok(!isCompleted, "expected the source not to complete");
    }),

    "N7 events has each problem, and its end, while the source is subscribed to": withWorld(
      async (stage) => {
        const { world, first } = stage;
        await world.publish(first.basePath, 1n);
        const source = stage.subscribe([first]);
        await stage.lists(first.name, [1n]);
        await world.fail(first.basePath);
        await stage.comes(() => stage.kinds().includes("problem"), "an event of a problem");
        await world.recover(first.basePath);
        await stage.comes(() => stage.kinds().at(-1) === "resolved", "an event of its end");
        await world.fail(first.basePath);
        await stage.comes(
          () => stage.kinds().at(-1) === "problem",
          "the event of the next problem",
        );
        stage.target[Symbol.dispose]();
        const before = stage.events.length;
        assert.deepEqual(source.problems(), [], "problems after unsubscribe");
        await stage.quiet();
        assert.equal(stage.events.length, before, "events after unsubscribe");
      },
    ),

    "N8 labels returns the labels of the storage, and events has their changes": withWorld(
      async (stage) => {
        const { world, first } = stage;
        await world.publish(first.basePath, 3n);
        await world.setLabels?.(first.basePath, { champion: 3n });
        const source = stage.subscribe([first]);
        await stage.lists(first.name, [3n]);
        const champion = () => String(source.labels?.(first.name).champion);
        if (!world.setLabels) return assert.equal(source.labels?.(first.name)?.champion, undefined);
        await stage.comes(() => champion() === "3" && stage.kinds().includes("labels"), "labels");
        const before = stage.kinds().filter((kind) => kind === "labels").length;
        await world.publish(first.basePath, 4n);
        await world.setLabels(first.basePath, { champion: 4n });
        await stage.comes(() => champion() === "4", "the label at version 4");
        assert.deepEqual(versionsOf(stage.target.latest(first.name)), [4n], "emitted before");
        const after = stage.kinds().filter((kind) => kind === "labels").length;
        assert.ok(after > before, "expected an event of the labels");
      },
    ),

    "N9 resolve is stable, shows no credentials, and refuses what cannot be served": withWorld(
      async ({ world }) => {
        const { provider, basePaths, refused = [] } = world;
        for (const basePath of basePaths) {
          const shown = provider.resolve?.(basePath) ?? basePath;
          assert.equal(provider.resolve?.(shown) ?? shown, shown, "resolved twice");
        }
        for (const basePath of refused) {
          assert.throws(() => provider.resolve?.(basePath) ?? shouldThrow(basePath), Error);
        }
        assert.equal(world.touched?.() ?? 0, 0, "reads of the storage by resolve");
      },
    ),

    "N10 create makes a source of its own and touches nothing": withWorld(async (stage) => {
      const { world, first } = stage;
      const [one, other] = [stage.create([first]), stage.create([first])];
      assert.notEqual(one, other);
      await stage.quiet();
      assert.equal(world.touched?.() ?? 0, 0, "reads of the storage before subscribe");
      for (const scheme of world.provider.schemes) assert.match(scheme, /^[a-z][a-z0-9+.-]+$/);
    }),

    "N11 events has each listing and each fetch of storage that costs time or money": withWorld(
      async (stage) => {
        const { world, first } = stage;
        await world.publish(first.basePath, 1n);
        stage.subscribe([first]);
        await stage.lists(first.name, [1n]);
        const { activities } = stage;
        if (world.listed === undefined) return assert.deepEqual(activities, [], "activities");
        assert.equal(stage.did("listed"), world.listed(), "listings");
        const { sizeBytes } = await stage.fetches(first.name);
        const ended = activities.flatMap(({ activity }) =>
          activity.what === "listed" ? [] : [activity],
        );
        const [fetched] = ended;
        assert.deepEqual([ended.length, fetched?.what, fetched?.bytes], [1, "fetched", sizeBytes]);
        await world.fail(first.basePath);
        await stage.comes(() => stage.did("failed") > 0, "an activity of the failure");
        assert.equal(stage.did("listed"), world.listed(), "listings in all");
        for (const { name } of activities)
          assert.equal(name, first.name, "the name of an activity");
        stage.target[Symbol.dispose]();
        const before = activities.length;
        await stage.quiet();
        assert.equal(activities.length, before, "activities after unsubscribe");
      },
    ),
  };
}

function shouldThrow(basePath: string): never {
  return assert.fail(`expected resolve to refuse ${basePath}`);
}

async function checkData(data: StoragePath | RemotePath): Promise<void> {
  if (isRemotePath(data)) return assert.match(data.uri, /^[a-z][a-z0-9+.-]+:/, "uri");
  await stat(data.path);
}

/** A world with the steps of the tests. */
class Stage implements Disposable {
  readonly world: SourceProviderWorld;
  readonly first: SourceServable;
  readonly second: SourceServable;
  readonly events: SourceEvent[] = [];
  readonly activities: SourceActivityEvent[] = [];
  target!: RecordingTarget<StoragePath | RemotePath>;
  readonly #timeoutMs: number;
  readonly #pass: () => void | Promise<void>;

  constructor(world: SourceProviderWorld, timeoutMs: number) {
    const resolved = world.basePaths.map((path) => world.provider.resolve?.(path) ?? path);
    this.world = world;
    this.first = { name: "first", basePath: resolved[0] as string };
    this.second = { name: "second", basePath: resolved[1] as string };
    this.#timeoutMs = timeoutMs;
    this.#pass = world.pass?.bind(world) ?? turn;
  }

  create(servables: readonly SourceServable[]): ModelSource {
    const { context } = this.world;
    const defaults = { clock: systemClock, logger: silentLogger };
    return this.world.provider.create({ ...defaults, ...context, servables });
  }

  subscribe(servables: readonly SourceServable[]): ModelSource {
    const source = this.create(servables);
    this.record(source);
    return source;
  }

  record(source: ModelSource): void {
    source.events.subscribe((event) => {
      if (event.kind === "activity") this.activities.push(event);
      else this.events.push(event);
    });
    this.target = new RecordingTarget(source);
  }

  kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }

  /** Returns the number of times that the source reported an activity. */
  did(what: SourceActivityEvent["activity"]["what"]): number {
    return this.activities.filter(({ activity }) => activity.what === what).length;
  }

  /** Fetches the newest version of a name, and disposes its lease. */
  async fetches(name: string): Promise<{ readonly sizeBytes: number }> {
    const [version] = this.target.latest(name)?.versions ?? [];
    const data = version && "data" in version ? version.data : undefined;
    assert.ok(data && isRemotePath(data), "expected a remote path");
    let sizeBytes = 0;
    const fetching = async () => {
      await using lease = await data.fetch(new AbortController().signal);
      sizeBytes = lease.sizeBytes;
    };
    await this.settles(fetching(), "fetch");
    return { sizeBytes };
  }

  comes(condition: () => boolean, what: string): Promise<void> {
    const seen = () =>
      this.target.emissions.map((e) => `${e.name}: [${versionsOf(e)}]`).join("; ") || "nothing";
    return until(condition, this.#pass, this.#timeoutMs, () => `expected ${what}; got ${seen()}`);
  }

  lists(name: string, versions: readonly Version[]): Promise<void> {
    const isListed = () => versionsOf(this.target.latest(name))?.join() === versions.join();
    return this.comes(isListed, `[${versions}] as the newest list of ${name}`);
  }

  /** Polls once. The list of a name must be available when the poll resolves. */
  async polls(source: ModelSource, name: string, versions: readonly Version[]): Promise<void> {
    const isListed = () => versionsOf(this.target.latest(name))?.join() === versions.join();
    let isListedThen = false;
    const poll = async () => {
      await source.poll();
      isListedThen = isListed();
    };
    await this.settles(poll(), "poll");
    assert.ok(isListedThen, `expected [${versions}] as the list of ${name} when poll resolved`);
  }

  async settles(promise: Promise<unknown>, what: string): Promise<void> {
    let outcome: { readonly error?: unknown } | undefined;
    promise.then(
      () => {
        outcome = {};
      },
      (error: unknown) => {
        outcome = { error };
      },
    );
    const isSettled = () => outcome !== undefined;
    await until(isSettled, this.#pass, this.#timeoutMs, () => `expected ${what} to settle`);
    assert.ok(!("error" in (outcome ?? {})), `expected ${what} to resolve; got ${outcome?.error}`);
  }

  async quiet(): Promise<void> {
    for (let i = 0; i < QUIET_PASSES; i++) {
      await this.#pass();
      await turn();
    }
  }

  [Symbol.dispose](): void {
    this.target?.[Symbol.dispose]();
  }
}
