import { builtIns } from "./built-ins.js";
import type { PlatformSettings } from "./config-files/platform-config-file.js";
import type { ParsedArguments } from "./flags.js";
import { batchingFlags } from "./server-flags/batching-flags.js";
import { warningsOf } from "./server-flags/flags-without-effect.js";
import type { serverFlags } from "./server-flags.js";

/** The flags that a platform config file speaks in place of. */
const PLATFORM_FLAGS = [
  ...Object.keys(batchingFlags),
  ...builtIns.platforms.flatMap(({ servingFlags = {} }) => Object.keys(servingFlags)),
  ...["enable_model_warmup", "num_request_iterations_for_warmup"],
];

/**
 * What of a command line has no effect, a line each: arguments that are not flags, which TF Serving
 * ignores too, flags without a meaning here, and flags that a platform config file overrules.
 */
export function commandLineWarnings(
  { flags, given, operands }: ParsedArguments<typeof serverFlags>,
  platformConfig: PlatformSettings | undefined,
): string[] {
  const overruled = platformConfig ? PLATFORM_FLAGS.filter((name) => given.has(name)) : [];
  return [
    ...operands.map((operand) => `unknown argument: ${operand} (a flag is written --flag=value)`),
    ...warningsOf(given, flags),
    ...overruled.map((name) => `--${name} has no effect: --platform_config_file says it instead`),
    ...(platformConfig?.ignored ?? []).map(
      (field) => `--platform_config_file: ${field} has no effect`,
    ),
    ...builtIns.platforms.flatMap((row) => row.warnings?.({ flags, platformConfig }) ?? []),
  ];
}
