import assert from "node:assert/strict";
import { type AspiredVersions, isServingError, servableId, type Version } from "@serving-kit/core";
import { RecordingTarget } from "./recording-target.js";
import type { SourceConformanceOptions, SourceWorld } from "./source-world.js";
import type { Tests } from "./suite.js";
import { turn } from "./turn.js";
import { DEFAULT_TIMEOUT_MS, until } from "./waiting.js";

/** How many times a world passes before the suite believes that nothing comes. */
const QUIET_PASSES = 3;

/** The tests of O1 to O9. */
export function sourceClauses<T>(options: SourceConformanceOptions<T>): Tests {
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;

  const withWorld = (test: (world: World<T>) => Promise<void>) => async () => {
    const world = await options.create();
    try {
      await test(makeWorld(world, timeoutMs));
    } finally {
      await world[Symbol.asyncDispose]?.();
    }
  };

  return {
    "O1 it does no work before it is subscribed to": withWorld(async ({ world, first, quiet }) => {
      const looked = world.looked?.();
      await world.aspire(first, [1n]);
      await quiet();
      assert.equal(world.looked?.(), looked, "looks at the world before subscribe");
      assert.equal(world.held?.() ?? 0, 0, "held before subscribe");
    }),

    "O2 the first emission for a name lists all of its aspired versions": withWorld(
      async ({ world, subscribe, comes }) => {
        for (const name of world.names) await world.aspire(name, [1n, 2n, 10n]);
        using target = subscribe();
        for (const name of world.names) {
          await comes(target, () => target.latest(name) !== undefined, `an emission for ${name}`);
          const emission = target.emissions.find((e) => e.name === name);
          assert.deepEqual(versionsOf(emission), [1n, 2n, 10n], `first emission for ${name}`);
        }
      },
    ),

    "O3 every emission names one servable, and every id in it has that name": withWorld(
      async ({ world, subscribe, lists }) => {
        using target = subscribe();
        for (const versions of [[1n], [1n, 2n], [2n, 3n]]) {
          for (const name of world.names) await world.aspire(name, versions);
          for (const name of world.names) await lists(target, name, versions);
        }
        for (const { name, versions } of target.emissions) {
          assert.ok(world.names.includes(name), `expected one of ${world.names}; got "${name}"`);
          for (const { id } of versions) {
            assert.equal(id.name, name, "name of an id");
            assert.equal(typeof id.version, "bigint", "type of a version");
          }
          const distinct = new Set(versions.map(({ id }) => id.version));
          assert.equal(distinct.size, versions.length, "distinct versions");
        }
      },
    ),

    "O4 an emission replaces the earlier one of that name; an empty list withdraws": withWorld(
      async ({ world, first, subscribe, lists }) => {
        using target = subscribe();
        for (const versions of [[1n, 2n], [2n, 3n], [], [4n]]) {
          await world.aspire(first, versions);
          await lists(target, first, versions);
        }
      },
    ),

    "O5 while nothing changes, only equal lists are emitted": withWorld(
      async ({ world, subscribe, lists, quiet }) => {
        for (const name of world.names) await world.aspire(name, [1n, 2n]);
        using target = subscribe();
        for (const name of world.names) await lists(target, name, [1n, 2n]);
        const before = target.emissions.length;
        await quiet();
        for (const emission of target.emissions.slice(before)) {
          assert.deepEqual(kindsOf(emission), ["1 data", "2 data"], "an emission without a change");
        }
      },
    ),

    "O6 a broken version is emitted with an error, and the others still flow": withWorld(
      async ({ world, subscribe, lists, comes, quiet }) => {
        const [first, second] = world.names as [string, string?];
        await world.aspire(first, [1n, 2n]);
        using target = subscribe();
        await lists(target, first, [1n, 2n]);
        // A source that has no way to break still must not end.
        if (!world.breakVersion) {
          await quiet();
          return assertOpen(target);
        }

        await world.breakVersion(servableId(first, 2));
        const isBroken = () => kindsOf(target.latest(first)).join() === "1 data,2 error";
        await comes(target, isBroken, "version 1 with data and version 2 with an error");
        for (const version of target.latest(first)?.versions ?? []) {
          if ("error" in version) assert.ok(isServingError(version.error), "a ServingError");
        }
        if (second !== undefined) {
          await world.aspire(second, [7n]);
          await lists(target, second, [7n]);
        }
        await world.aspire(first, [1n, 3n]);
        await lists(target, first, [1n, 3n]);
        assertOpen(target);
      },
    ),

    "O7 after unsubscribing it emits nothing and holds nothing": withWorld(
      async ({ world, first, subscribe, lists, frees, quiet }) => {
        await world.aspire(first, [1n]);
        const target = subscribe();
        await lists(target, first, [1n]);
        await world.aspire(first, [1n, 2n]);
        target[Symbol.dispose]();
        const before = target.emissions.length;
        await quiet();
        assert.equal(target.emissions.length, before, "emissions after unsubscribe");
        await frees("after unsubscribe");
      },
    ),

    "O7 unsubscribing at once, or while it emits, ends it too": withWorld(
      async ({ world, first, subscribe, frees, comes, quiet }) => {
        await world.aspire(first, [1n]);
        const atOnce = subscribe();
        atOnce[Symbol.dispose]();
        const whileEmitting = subscribe((_, target) => target[Symbol.dispose]());
        await comes(whileEmitting, () => whileEmitting.emissions.length > 0, "an emission");
        await world.aspire(first, [1n, 2n]);
        await quiet();
        assert.equal(atOnce.emissions.length, 0, "emissions to the one that left at once");
        assert.equal(
          whileEmitting.emissions.length,
          1,
          "emissions to the one that left while told",
        );
        await frees("after both unsubscribed");
      },
    ),

    "O8 two subscriptions do not disturb each other": withWorld(
      async ({ world, first, subscribe, lists, frees }) => {
        await world.aspire(first, [1n]);
        using stays = subscribe();
        const leaves = subscribe();
        for (const target of [stays, leaves]) await lists(target, first, [1n]);
        await world.aspire(first, [1n, 2n]);
        for (const target of [stays, leaves]) await lists(target, first, [1n, 2n]);
        leaves[Symbol.dispose]();
        await world.aspire(first, [2n]);
        await lists(stays, first, [2n]);
        using late = subscribe();
        await lists(late, first, [2n]);
        late[Symbol.dispose]();
        stays[Symbol.dispose]();
        await frees("after all unsubscribed");
      },
    ),

    "O9 it never emits synchronously within subscribe": withWorld(
      async ({ world, subscribe, quiet }) => {
        for (const name of world.names) await world.aspire(name, [1n]);
        for (let i = 0; i < 2; i++) {
          using target = subscribe();
          assert.ok(!target.isSynchronous, "expected nothing to be told within subscribe");
          await quiet();
        }
      },
    ),
  };
}

type OnEmission<T> = ConstructorParameters<typeof RecordingTarget<T>>[1];

interface World<T> {
  readonly world: SourceWorld<T>;
  readonly first: string;
  subscribe(onEmission?: OnEmission<T>): RecordingTarget<T>;
  comes(target: RecordingTarget<T>, condition: () => boolean, what: string): Promise<void>;
  lists(target: RecordingTarget<T>, name: string, versions: readonly Version[]): Promise<void>;
  frees(when: string): Promise<void>;
  quiet(): Promise<void>;
}

function makeWorld<T>(world: SourceWorld<T>, timeoutMs: number): World<T> {
  const pass = world.pass?.bind(world) ?? turn;
  const comes: World<T>["comes"] = (target, condition, what) => {
    const seen = () => target.emissions.map((e) => `${e.name}: [${kindsOf(e)}]`).join("; ");
    const check = () => {
      if (target.failure)
        assert.fail(`expected ${what}; the source failed: ${target.failure.error}`);
      return condition();
    };
    return until(check, pass, timeoutMs, () => `expected ${what}; got ${seen() || "nothing"}`);
  };
  return {
    world,
    first: world.names[0] as string,
    subscribe: (onEmission) => new RecordingTarget(world.source, onEmission),
    comes,
    lists(target, name, versions) {
      const isListed = () => versionsOf(target.latest(name))?.join() === versions.join();
      return comes(target, isListed, `[${versions}] as the newest list of ${name}`);
    },
    frees: (when) =>
      until(
        () => (world.held?.() ?? 0) === 0,
        pass,
        timeoutMs,
        () => `expected nothing held ${when}; got ${world.held?.()}`,
      ),
    async quiet() {
      for (let i = 0; i < QUIET_PASSES; i++) {
        await pass();
        await turn();
      }
    },
  };
}

function assertOpen(target: RecordingTarget<unknown>): void {
  assert.ok(!target.failure, `expected no failure of the source; got ${target.failure?.error}`);
}

function versionsOf(emission: AspiredVersions<unknown> | undefined): Version[] | undefined {
  return emission?.versions.map(({ id }) => id.version).sort(ascending);
}

function kindsOf(emission: AspiredVersions<unknown> | undefined): string[] {
  const versions = emission?.versions.toSorted((a, b) => ascending(a.id.version, b.id.version));
  return (versions ?? []).map((v) => `${v.id.version} ${"error" in v ? "error" : "data"}`);
}

function ascending(a: Version, b: Version): number {
  return a < b ? -1 : Number(a > b);
}
