import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import {
  allVersions,
  isRemotePath,
  isServingError,
  type RemotePath,
  type StoragePath,
  specificVersions,
} from "@serving-kit/core";
import { SourceProviderStage } from "./source-provider-stage.js";
import type { SourceProviderConformanceOptions } from "./source-provider-world.js";
import { versionsOf } from "./source-stage.js";
import type { Tests } from "./suite.js";
import { DEFAULT_TIMEOUT_MS } from "./waiting.js";

/** The tests of N1 to N11. */
export function sourceProviderClauses(options: SourceProviderConformanceOptions): Tests {
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const withWorld = (test: (stage: SourceProviderStage) => Promise<void>) => async () => {
    const world = await options.create();
    const stage = new SourceProviderStage(world, timeoutMs);
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

    "N9 resolve is stable, shows no credentials, and rejects what cannot be served": withWorld(
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
