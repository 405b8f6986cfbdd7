import assert from "node:assert/strict";
import { isServingError, servableId } from "@serving-kit/core";
import { assertOpen, kindsOf, makeStage, type SourceStage, versionsOf } from "./source-stage.js";
import type { SourceConformanceOptions } from "./source-world.js";
import type { Tests } from "./suite.js";
import { DEFAULT_TIMEOUT_MS } from "./waiting.js";

/** The tests of O1 to O10. */
export function sourceClauses<T>(options: SourceConformanceOptions<T>): Tests {
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;

  const withWorld = (test: (stage: SourceStage<T>) => Promise<void>) => async () => {
    const world = await options.create();
    try {
      await test(makeStage(world, timeoutMs));
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
        // A source that cannot break must still not end.
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
        const runToEnd = subscribe();
        runToEnd[Symbol.dispose]();
        const whileEmitting = subscribe((_, target) => target[Symbol.dispose]());
        await comes(whileEmitting, () => whileEmitting.emissions.length > 0, "an emission");
        await world.aspire(first, [1n, 2n]);
        await quiet();
        assert.equal(runToEnd.emissions.length, 0, "emissions to the one that left at once");
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
          assert.ok(!target.isSynchronous, "expected no emission within subscribe");
          await quiet();
        }
      },
    ),

    "O10 a servable without versions has the error that says why, as long as that is so": withWorld(
      async ({ world, first, subscribe, comes, lists, quiet }) => {
        const errorOf = () => target.latest(first)?.error;
        if (world.lose) await world.lose(first);
        using target = subscribe();
        if (world.lose) {
          await comes(target, () => errorOf() !== undefined, `the error of the list of ${first}`);
          assert.ok(isServingError(errorOf()), "a ServingError");
          assert.deepEqual(
            versionsOf(target.latest(first)),
            [],
            "versions of a list with an error",
          );
        }
        await world.aspire(first, [1n]);
        await lists(target, first, [1n]);
        await quiet();
        for (const { versions, error } of target.emissions) {
          assert.ok(error === undefined || versions.length === 0, "versions beside an error");
        }
      },
    ),
  };
}
