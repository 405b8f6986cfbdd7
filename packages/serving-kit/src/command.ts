import { asError, isServingError, messageOf } from "@serving-kit/core";
import { inFlagWords } from "./flag-words.js";
import { describeFlags, parseFlags } from "./flags.js";
import { type ServeOptions, serve } from "./serve.js";
import { serverFlagGroups, serverFlags } from "./server-flags.js";
import { packageVersion, type Surroundings, type TextSink } from "./subcommand.js";
import { findSubcommand, subcommands } from "./subcommands.js";
import { watchTermination } from "./termination.js";

/** What surrounds a run of the command. */
export interface CommandOptions {
  /** Where messages go. Default `process.stdout`. */
  readonly stdout?: TextSink;
  /** Where errors and progress go. Default `process.stderr`. */
  readonly stderr?: TextSink;
  /** Where MODEL_NAME and MODEL_BASE_PATH are read from. Default `process.env`. */
  readonly environment?: ServeOptions["environment"];
  /** Called when the server answers. */
  readonly onListening?: ServeOptions["onListening"];
}

/** The exit code of a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/**
 * Runs the command `serving-kit` with its arguments and gives its exit code: 0 when it did what was
 * asked, which for a server is that it was told to end and has drained; 1 when it could not, with
 * one line on stderr that says why; 130 when a signal ended what is no server.
 */
export async function runCommand(
  given: readonly string[],
  {
    stdout = process.stdout,
    stderr = process.stderr,
    environment = process.env,
    onListening,
  }: CommandOptions = {},
): Promise<number> {
  const args = withoutProgramNames(given);
  const [name] = args;
  try {
    if (name !== undefined && !name.startsWith("-")) {
      return await runSubcommand(name, args.slice(1), { stdout, stderr });
    }
    const parsed = parseFlags(serverFlags, args);
    if (parsed.flags.help) stdout.write(helpText());
    else if (parsed.flags.version) stdout.write(`serving-kit ${packageVersion()}\n`);
    else {
      // grpc-js writes lines of its own to stderr, of what is told here in other words.
      process.env.GRPC_VERBOSITY ??= "NONE";
      await serve(parsed, { stdout, stderr, environment, onListening });
    }
    return 0;
  } catch (error) {
    // What is no ServingError nobody foresaw: its stack is what a report needs.
    const isExpected = isServingError(error) || asError(error) !== error;
    const text = isExpected ? inFlagWords(messageOf(error)) : asError(error).stack;
    stderr.write(`serving-kit: ${text}\n`);
    return 1;
  }
}

/** The names of TF Serving's program and of the script around it in its image, with or without a folder. */
const PROGRAM = /(?:^|[/\\])(?:tensorflow_model_server|tf_serving_entrypoint)(?:\.sh)?$/;

/** The arguments without the names of TF Serving's program before them, which manifests for its image have. */
function withoutProgramNames(args: readonly string[]): readonly string[] {
  const first = args.findIndex((argument) => !PROGRAM.test(argument));
  return first === -1 ? [] : args.slice(first);
}

async function runSubcommand(
  name: string,
  args: readonly string[],
  sinks: Omit<Surroundings, "signal">,
): Promise<number> {
  const subcommand = await findSubcommand(name);
  using termination = watchTermination();
  const { signal } = termination;
  try {
    return await subcommand.run(args, { ...sinks, signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    sinks.stderr.write(`${signal.reason}: stopped\n`);
    return INTERRUPTED;
  }
}

function helpText(): string {
  return [
    "Serves TensorFlow and TensorFlow Lite models over TF Serving's REST and gRPC interfaces.",
    "",
    "Usage: serving-kit --model_name=digits --model_base_path=/models/digits",
    "       serving-kit <command> (serving-kit <command> --help tells more)",
    "",
    "A flag is written --flag=value or --flag value. One that is shown without a value is on or off:",
    "--flag or --flag=true, --flag=false.",
    "",
    "Commands:",
    ...Object.entries(subcommands).map(([name, { summary }]) => `  ${name}\n      ${summary}`),
    "",
    ...Object.entries(serverFlagGroups).map(
      ([title, table]) => `${title}:\n${describeFlags(table)}`,
    ),
  ].join("\n");
}
