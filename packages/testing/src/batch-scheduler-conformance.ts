import assert from "node:assert/strict";
import { admissionClauses } from "./batch-admission.js";
import { closingClauses } from "./batch-closing.js";
import { formationClauses } from "./batch-formation.js";
import { type BatchSchedulerConformanceOptions, withScheduler } from "./batch-scheduler-kit.js";
import type { Runner } from "./runner.js";
import { registerSuite, type Tests } from "./suite.js";

/**
 * Registers the tests that verify that a scheduler keeps the contract of `BatchScheduler`: B1 to B12.
 *
 * The suite chooses the options of each scheduler, and advances its clock.
 *
 * ```ts
 * batchSchedulerConformance({ describe, it }, {
 *   name: "basic batch scheduler",
 *   create: ({ run, ...options }) => createBatchQueue(run, options),
 * });
 * ```
 */
export function batchSchedulerConformance(
  runner: Runner,
  options: BatchSchedulerConformanceOptions,
): void {
  const fixture: Tests = {
    "create gives a new scheduler each time": () =>
      withScheduler(options, {}, async (first) =>
        withScheduler(options, {}, async (second) => {
          assert.notEqual(first.scheduler, second.scheduler);
          await first.scheduler.close();
          await second.settled([second.schedule(1)]);
          assert.deepEqual([first.ran(), second.ran()], [[], [[1]]], "batches of each");
        }),
      ),
  };
  registerSuite(runner, options, "BatchScheduler", fixture, {
    ...formationClauses(options),
    ...admissionClauses(options),
    ...closingClauses(options),
  });
}
