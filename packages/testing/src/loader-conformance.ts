import assert from "node:assert/strict";
import { loaderClauses } from "./loader-clauses.js";
import type { LoaderConformanceOptions } from "./loader-options.js";
import { loaderOptionsOf, type ModelLoaderOptions } from "./model-options.js";
import type { Runner } from "./runner.js";
import { registerSuite, type Tests } from "./suite.js";

/**
 * Registers the tests that verify that a loader keeps the contract of `Loader`: L1 to L8.
 *
 * ```ts
 * loaderConformance({ describe, it }, {
 *   name: "lookup",
 *   create: () => lookup().loader({ path: "./table" }, id),
 *   use: async (predictor) => void (await predictor.predict(inputs)),
 *   broken: [{ create: () => lookup().loader({ path: "./missing" }, id), path: "./missing" }],
 * });
 * ```
 *
 * To test a model that `defineModel` returned, pass it directly:
 * `{ name, model: double, call: { inputs: { x: [1] } } }`.
 */
export function loaderConformance<S>(
  runner: Runner,
  subject: LoaderConformanceOptions<S> | ModelLoaderOptions,
): void {
  const options = (
    "model" in subject ? loaderOptionsOf(subject) : subject
  ) as LoaderConformanceOptions<S>;
  registerSuite(runner, options, "Loader", fixtureTests(options), loaderClauses(options));
}

function fixtureTests<S>({ create }: LoaderConformanceOptions<S>): Tests {
  return {
    "create gives a new loader each time": async () => assert.notEqual(create(), create()),
  };
}
