import { createRequire } from "node:module";
import { toggle } from "./flag-kinds.js";
import { describeFlags, type FlagTable, type ParsedArguments, parseArguments } from "./flags.js";

/** The version of this package. */
export const packageVersion = (): string =>
  createRequire(import.meta.url)("../package.json").version as string;

/** Where text goes: a stream, as far as it is used. */
export interface TextSink {
  write(text: string): unknown;
  /** Whether it is a terminal, where a line can be written over. */
  readonly isTTY?: boolean;
}

/** The surroundings of a run of a subcommand. */
export interface Surroundings {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal;
}

/** One word after `serving-kit`, and what it does. */
export interface Subcommand {
  /** Runs it with the arguments after its name and gives the exit code. */
  run(args: readonly string[], surroundings: Surroundings): Promise<number>;
}

/** The definition of a subcommand. */
export interface SubcommandDefinition<F extends FlagTable> {
  /** The line of `--help` that shows how it is called, without `serving-kit`. */
  readonly usage: string;
  /** Its effect, in a few sentences for `--help`. */
  readonly description: string;
  /** The names of the arguments that are not flags; all must be given. */
  readonly operands: readonly string[];
  readonly flags: F;
  /** Does it and gives the exit code. */
  run(call: ParsedArguments<F>, surroundings: Surroundings): Promise<number>;
}

const help = { help: toggle(false, "Prints this text and ends.") };

/** Makes a subcommand that reads its command line by its table of flags, and explains it for `--help`. */
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
