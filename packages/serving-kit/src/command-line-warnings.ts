import { builtIns } from "./built-ins.js";
import type { PlatformSettings } from "./config-files/platform-config-file.js";
import type { ParsedArguments } from "./flags.js";
import { batchingFlags } from "./server-flags/batching-flags.js";
import { warningsOf } from "./server-flags/flags-without-effect.js";
import type { serverFlags } from "./server-flags.js";

/** The flags that a platform config file overrides. */
const PLATFORM_FLAGS = [
  ...Object.keys(batchingFlags),
  ...builtIns.platforms.flatMap(({ servingFlags = {} }) => Object.keys(servingFlags)),
  ...["enable_model_warmup", "num_request_iterations_for_warmup"],
];

/**
 * Warnings about the parts of a command line that have no effect, one line each: arguments that are not flags (TF
 * Serving ignores them too), flags without effect, and flags that a platform config file overrides.
 */
export function commandLineWarnings(
  { flags, given, operands }: ParsedArguments<typeof serverFlags>,
  platformConfig: PlatformSettings | undefined,
): string[] {
  const overruled = platformConfig ? PLATFORM_FLAGS.filter((name) => given.has(name)) : [];
  return [
    ...operands.map((operand) => `unknown argument: ${operand} (a flag is written --flag=value)`),
    ...warningsOf(given, flags),
    ...overruled.map((name) => `--${name} has no effect: --platform_config_file overrides it`),
    ...(platformConfig?.ignored ?? []).map(
      (field) => `--platform_config_file: ${field} has no effect`,
    ),
    ...builtIns.platforms.flatMap((row) => row.warnings?.({ flags, platformConfig }) ?? []),
  ];
}
