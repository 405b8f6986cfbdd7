import assert from "node:assert/strict";
import {
  type AspiredVersionPolicy,
  formatServableId,
  isSameServable,
  type PolicyAction,
  type VersionSnapshot,
} from "@serving-kit/core";
import fc from "fast-check";
import { ManagerSimulation, snapshots } from "./manager-simulation.js";
import type { Runner, SuiteOptions } from "./runner.js";
import { registerSuite, type Tests } from "./suite.js";

/** Options for `policyConformance`. */
export interface PolicyConformanceOptions extends SuiteOptions {
  readonly policy: AspiredVersionPolicy;
  /**
   * True if P5 holds. If not, the suite verifies that it does not hold: in some case, the policy must unload the last
   * ready version.
   */
  readonly isAvailabilityPreserving: boolean;
  /** Number of generated cases for each clause. Default 500. */
  readonly numRuns?: number;
}

/**
 * Registers the tests that verify that a policy keeps the contract of `AspiredVersionPolicy`, P1 to P5, with generated
 * snapshots and runs of a simulated manager.
 *
 * ```ts
 * policyConformance({ describe, it }, {
 *   name: "oldest first",
 *   policy: oldestFirst,
 *   isAvailabilityPreserving: false,
 * });
 * ```
 */
export function policyConformance(runner: Runner, options: PolicyConformanceOptions): void {
  registerSuite(runner, options, "AspiredVersionPolicy", {}, policyClauses(options));
}

function policyClauses(options: PolicyConformanceOptions): Tests {
  const { policy, isAvailabilityPreserving, numRuns = 500 } = options;
  const forAllSnapshots = (check: (versions: readonly VersionSnapshot[]) => void) =>
    fc.assert(fc.property(snapshots(), check), { numRuns });
  const forAllWalks = (check: (walk: ManagerSimulation) => void) =>
    fc.assert(
      fc.property(snapshots(), fc.infiniteStream(fc.nat(1_000)), (versions, choices) =>
        check(new ManagerSimulation(policy, versions, () => choices.next().value as number)),
      ),
      { numRuns },
    );

  return {
    "P1 it is pure: it returns the same action for the same snapshot": async () => {
      const seen: [readonly VersionSnapshot[], PolicyAction | undefined][] = [];
      forAllSnapshots((versions) => {
        const action = policy(deepFreeze(versions));
        seen.push([versions, action]);
        assert.deepEqual(policy(structuredClone(versions)), action, "an equal snapshot");
      });
      // Again in another order, to verify that the policy keeps no state between calls.
      for (const [versions, action] of seen.reverse()) {
        assert.deepEqual(policy(versions), action, "the same snapshot, later");
      }
    },

    "P2 it only loads versions that are aspired and new": async () =>
      forAllSnapshots((versions) => {
        const action = policy(versions);
        if (action?.kind !== "load") return;
        const { isAspired, state } = versionOf(versions, action);
        assert.deepEqual({ isAspired, state }, { isAspired: true, state: "new" });
      }),

    "P3 it only unloads versions that are not aspired and ready": async () =>
      forAllSnapshots((versions) => {
        const action = policy(versions);
        if (action?.kind !== "unload") return;
        const { isAspired, state } = versionOf(versions, action);
        assert.deepEqual({ isAspired, state }, { isAspired: false, state: "ready" });
      }),

    "P4 repeated, it ends with all and only the aspired versions ready": async () =>
      forAllWalks((walk) => {
        const aspired = walk.aspired;
        walk.run({ canFail: false });
        assert.deepEqual(walk.ready, aspired, "ready versions at the end");
      }),

    "P4 repeated while loads fail, it ends with every aspired version ready or failed": async () =>
      forAllWalks((walk) => {
        const aspired = walk.aspired;
        walk.run({ canFail: true });
        assert.deepEqual(walk.readyOrFailed, aspired, "ready or failed versions at the end");
      }),

    [`P5 it ${isAvailabilityPreserving ? "never" : "(as declared) does"} go from one ready version to none while something is aspired`]:
      async () => {
        let gaveUp: readonly VersionSnapshot[] | undefined;
        forAllWalks((walk) => {
          walk.run({ canFail: true });
          gaveUp ??= walk.gaveUpLastReady;
          if (isAvailabilityPreserving) assert.equal(walk.gaveUpLastReady, undefined);
        });
        if (!isAvailabilityPreserving) {
          assert.ok(
            gaveUp,
            "expected a walk that ends availability; declare isAvailabilityPreserving",
          );
        }
      },
  };
}

function versionOf(versions: readonly VersionSnapshot[], action: PolicyAction): VersionSnapshot {
  const version = versions.find(({ id }) => isSameServable(id, action.id));
  assert.ok(
    version,
    `the ${action.kind} of ${formatServableId(action.id)}, which is not in the snapshot`,
  );
  return version;
}

function deepFreeze(versions: readonly VersionSnapshot[]): readonly VersionSnapshot[] {
  for (const version of versions) Object.freeze(Object.freeze(version).id);
  return Object.freeze(versions);
}
