import { createRequire } from "node:module";
import { toggle } from "./flag-kinds.js";
import { describeFlags, type FlagTable, type ParsedArguments, parseArguments } from "./flags.js";

/** The version of this package. */
export const packageVersion = (): string =>
  createRequire(import.meta.url)("../package.json").version as string;

/** An output stream for text. */
export interface TextSink {
  write(text: string): unknown;
  /** True if it is a terminal, where a line can be overwritten. */
  readonly isTTY?: boolean;
}

/** The environment that a subcommand runs in. */
export interface Surroundings {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  /** Aborts when the process is asked to stop. */
  readonly signal: AbortSignal;
}

/** A subcommand of `serving-kit`. */
export interface Subcommand {
  /** Runs the subcommand with the arguments after its name, and returns the exit code. */
  run(args: readonly string[], surroundings: Surroundings): Promise<number>;
}

/** The definition of a subcommand. */
export interface SubcommandDefinition<F extends FlagTable> {
  /** The usage line of `--help`, without `serving-kit`. */
  readonly usage: string;
  /** The description in `--help`, in a few sentences. */
  readonly description: string;
  /** The names of the operands. All are required. */
  readonly operands: readonly string[];
  readonly flags: F;
  /** Runs the subcommand and returns the exit code. */
  run(call: ParsedArguments<F>, surroundings: Surroundings): Promise<number>;
}

const help = { help: toggle(false, "Prints this help and exits.") };

/** Creates a subcommand that parses its command line with its table of flags, and prints help for `--help`. */
export function defineSubcommand<F extends FlagTable>(
  definition: SubcommandDefinition<F>,
): Subcommand {
  const { usage, description, operands, flags } = definition;
  return {
    async run(args, surroundings) {
      if (args.includes("--help")) {
        const table = describeFlags({ ...flags, ...help });
        surroundings.stdout.write(
          `${description}\n\nUsage: serving-kit ${usage}\n\nFlags:\n${table}`,
        );
        return 0;
      }
      return definition.run(parseArguments(flags, args, operands), surroundings);
    },
  };
}
