import type { Runner } from "./runner.js";
import { sourceProviderClauses } from "./source-provider-clauses.js";
import type { SourceProviderConformanceOptions } from "./source-provider-world.js";
import { registerSuite } from "./suite.js";

/**
 * Registers the tests that verify that a provider and its sources keep the contracts of `SourceProvider` and
 * `ModelSource`: N1 to N11. Also run `sourceConformance` on its source, and `remotePathConformance` on the paths that
 * the source emits.
 */
export function sourceProviderConformance(
  runner: Runner,
  options: SourceProviderConformanceOptions,
): void {
  registerSuite(runner, options, "SourceProvider", {}, sourceProviderClauses(options));
}
