import { createRequire } from "node:module";
import { isServingError, messageOf } from "@serving-kit/core";
import { type Logger, readModelConfigFile } from "@serving-kit/server";
import { errors } from "./errors.js";
import { describeFlags, type FlagValues, parseFlags } from "./flags.js";
import { createModelServer } from "./model-server.js";
import { serverFlags } from "./server-flags.js";
import { watchTermination } from "./termination.js";

/** What surrounds a run of the command. */
export interface CommandOptions {
  /** Where messages go. Default `process.stdout`. */
  readonly stdout?: { write(text: string): unknown };
  /** Where errors go. Default `process.stderr`. */
  readonly stderr?: { write(text: string): unknown };
  /** Called when the server answers on this port. */
  readonly onListening?: (port: number) => void | Promise<void>;
}

type Flags = FlagValues<typeof serverFlags>;

interface Surroundings {
  readonly tell: (line: string) => void;
  readonly warn: (line: string) => void;
  readonly onListening: CommandOptions["onListening"];
}

/**
 * Runs the command `serving-kit` with its arguments and gives its exit code: 0 when it did what was
 * asked, which for a server is that it was told to end and has drained; 1 when it could not, with
 * one line on stderr that says why.
 */
export async function runCommand(
  args: readonly string[],
  { stdout = process.stdout, stderr = process.stderr, onListening }: CommandOptions = {},
): Promise<number> {
  try {
    const flags = parseFlags(serverFlags, args);
    if (flags.help) stdout.write(helpText());
    else if (flags.version) stdout.write(`serving-kit ${packageVersion()}\n`);
    else {
      await serve(flags, {
        tell: (line) => stdout.write(`${line}\n`),
        warn: (line) => stderr.write(`${line}\n`),
        onListening,
      });
    }
    return 0;
  } catch (error) {
    // What is no ServingError nobody foresaw: its stack is what a report needs.
    const text =
      isServingError(error) || !(error instanceof Error) ? messageOf(error) : error.stack;
    stderr.write(`serving-kit: ${text}\n`);
    return 1;
  }
}

/** Serves until a signal asks to end. */
async function serve(flags: Flags, { tell, warn, onListening }: Surroundings): Promise<void> {
  const models = await modelsOf(flags);
  const logger: Logger = {
    info: (_fields, message) => tell(message),
    warn: (_fields, message) => warn(message),
    error: (_fields, message) => warn(message),
  };
  // Until the server has started there is nothing to drain: a signal simply ends the process.
  const server = await createModelServer({ models, logger });
  using termination = watchTermination();
  const ended = new Promise<void>((resolve) => {
    termination.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  try {
    const { port } = await server.listen({ port: flags.rest_api_port }).catch((error: unknown) => {
      const isTaken = (error as NodeJS.ErrnoException)?.code === "EADDRINUSE";
      throw isTaken ? errors.portTaken("rest_api_port", flags.rest_api_port, error) : error;
    });
    for (const { name } of models) {
      tell(`serving ${name} at http://localhost:${port}/v1/models/${name}`);
    }
    await onListening?.(port);
    await ended;
    tell(`${termination.signal.reason}: finishing the requests in flight`);
  } finally {
    await server.close();
  }
  tell("all requests are answered and all models unloaded");
}

async function modelsOf(flags: Flags) {
  if (flags.model_config_file !== undefined) return readModelConfigFile(flags.model_config_file);
  if (flags.model_base_path === undefined) throw errors.modelsMissing();
  return [{ name: flags.model_name, basePath: flags.model_base_path }];
}

function helpText(): string {
  return [
    "Serves TensorFlow and TensorFlow Lite models over TF Serving's REST API.",
    "",
    "Usage: serving-kit --model_name=digits --model_base_path=/models/digits",
    "",
    "Flags:",
    describeFlags(serverFlags),
  ].join("\n");
}

const packageVersion = (): string =>
  createRequire(import.meta.url)("../package.json").version as string;
