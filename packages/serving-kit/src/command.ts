import { asError, isServingError, messageOf } from "@serving-kit/core";
import { errors } from "./errors.js";
import { inFlagWords } from "./flag-words.js";
import { parseFlags } from "./flags.js";
import { helpText } from "./help-text.js";
import { type ServeOptions, serve } from "./serve.js";
import { isPathLike, servedPath } from "./served-path.js";
import { serverFlags } from "./server-flags.js";
import { packageVersion, type Surroundings, type TextSink } from "./subcommand.js";
import { findSubcommand, isSubcommand } from "./subcommands.js";
import { watchTermination } from "./termination.js";

/** Options of a run of the command. */
export interface CommandOptions {
  /** The stream for messages. Default `process.stdout`. */
  readonly stdout?: TextSink;
  /** The stream for errors and progress. Default `process.stderr`. */
  readonly stderr?: TextSink;
  /** Environment variables, for MODEL_NAME and MODEL_BASE_PATH. Default `process.env`. */
  readonly environment?: ServeOptions["environment"];
  /** Called when the server is ready. */
  readonly onListening?: ServeOptions["onListening"];
}

/** The exit code of a program that was stopped with Ctrl-C. */
const INTERRUPTED = 130;

/**
 * Runs the command `serving-kit` with its arguments and returns its exit code: 0 on success (a server: it drained
 * after a stop signal); 1 on failure, with one line on stderr that says why; 130 if a signal stopped a subcommand.
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
  const args = withoutHelpWord(withoutProgramNames(given));
  const [name] = args;
  try {
    if (name !== undefined && isSubcommand(name)) {
      return await runSubcommand(name, args.slice(1), { stdout, stderr });
    }
    const parsed = parseFlags(serverFlags, await asFlags(args));
    if (parsed.flags.help) stdout.write(helpText());
    else if (parsed.flags.version) stdout.write(`serving-kit ${packageVersion()}\n`);
    else {
      await serve(parsed, { stdout, stderr, environment, onListening });
    }
    return 0;
  } catch (error) {
    // Unexpected error: bug reports need the stack.
    const isExpected = isServingError(error) || asError(error) !== error;
    const text = isExpected ? inFlagWords(messageOf(error)) : asError(error).stack;
    stderr.write(`serving-kit: ${text}\n`);
    return 1;
  }
}

/** The names of TF Serving's program and of its image's entry point script, with or without a folder. */
const PROGRAM = /(?:^|[/\\])(?:tensorflow_model_server|tf_serving_entrypoint)(?:\.sh)?$/;

/** The arguments without a leading program name of TF Serving, as in manifests written for its image. */
function withoutProgramNames(args: readonly string[]): readonly string[] {
  const first = args.findIndex((argument) => !PROGRAM.test(argument));
  return first === -1 ? [] : args.slice(first);
}

/** `help` is `--help`, and `help doctor` is `doctor --help`. */
function withoutHelpWord(args: readonly string[]): readonly string[] {
  return args[0] === "help" ? [...args.slice(1), "--help"] : args;
}

/**
 * The arguments of the server. A leading path is replaced by the equivalent flags.
 *
 * @throws ServingError SUBCOMMAND_UNKNOWN (INVALID_ARGUMENT) for a word that is not a path; NOT_FOUND / MODEL_NOT_FOUND
 * for a path that does not exist; INVALID_ARGUMENT / FLAGS_CONFLICT if a flag names models as well.
 */
async function asFlags(args: readonly string[]): Promise<readonly string[]> {
  const [word, ...rest] = args;
  if (word === undefined || word.startsWith("-")) return args;
  const path = await servedPath(word);
  if (path === undefined) {
    if (isPathLike(word)) throw errors.nothingToServe(word);
    await findSubcommand(word); // throws
    return args;
  }
  const other = rest.find((argument) => /^--model_(?:base_path|config_file)(?:=|$)/.test(argument));
  if (other !== undefined) {
    const flag = other.replace(/=.*$/s, "");
    throw errors.flagsConflict(`either the path ${word} or ${flag}; both name models`);
  }
  return [`--model_name=${path.name}`, `--model_base_path=${path.basePath}`, ...rest];
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
