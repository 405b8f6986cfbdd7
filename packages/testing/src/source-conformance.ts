import assert from "node:assert/strict";
import type { Runner } from "./runner.js";
import { sourceClauses } from "./source-clauses.js";
import type { SourceConformanceOptions } from "./source-world.js";
import { registerSuite } from "./suite.js";

/**
 * Registers the tests that verify that a source keeps the contract of `Source`: O1 to O10.
 *
 * ```ts
 * sourceConformance({ describe, it }, {
 *   name: "registry",
 *   create: () => {
 *     const clock = new FakeClock();
 *     const registry = new Map<string, readonly Version[]>();
 *     return {
 *       source: registrySource({ registry, clock }),
 *       names: ["digits", "faces"],
 *       aspire: (name, versions) => void registry.set(name, versions),
 *       pass: () => clock.advance(1_000),
 *       held: () => clock.pending,
 *     };
 *   },
 * });
 * ```
 */
export function sourceConformance<T>(runner: Runner, options: SourceConformanceOptions<T>): void {
  const fixture = {
    "create gives a new source each time": async () => {
      const [first, second] = [await options.create(), await options.create()];
      try {
        assert.notEqual(first.source, second.source);
        assert.ok(first.names.length > 0, "expected at least one name");
      } finally {
        await first[Symbol.asyncDispose]?.();
        await second[Symbol.asyncDispose]?.();
      }
    },
  };
  registerSuite(runner, options, "Source", fixture, sourceClauses(options));
}
