import {
  type Logger,
  type ModelBatchingOptions,
  type ModelServer,
  readBatchingParametersFile,
  readModelConfigFile,
} from "@serving-kit/server";
import { errors } from "./errors.js";
import type { FlagValues } from "./flags.js";
import { createModelServer } from "./model-server.js";
import type { serverFlags } from "./server-flags.js";
import type { TextSink } from "./subcommand.js";
import { watchTermination } from "./termination.js";

/** What a program that runs the command is given when the server answers. */
export interface Serving {
  /** The port of the REST API. */
  readonly port: number;
  readonly server: ModelServer;
  /** The models that are served. */
  readonly models: Awaited<ReturnType<typeof readModelConfigFile>>;
  /** Aborts when the server is told to end. */
  readonly signal: AbortSignal;
}

/** What surrounds `serve`. */
export interface ServeOptions {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  /** Called when the server answers; what it rejects with ends the server. */
  readonly onListening?: ((serving: Serving) => void | Promise<void>) | undefined;
}

/** Serves models until a signal asks to end, and resolves when the server has drained. */
export async function serve(
  flags: FlagValues<typeof serverFlags>,
  { stdout, stderr, onListening }: ServeOptions,
): Promise<void> {
  const tell = (line: string) => void stdout.write(`${line}\n`);
  const warn = (line: string) => void stderr.write(`${line}\n`);
  const batching = await batchingOf(flags);
  const models = await modelsOf(flags);
  const logger: Logger = {
    info: (_fields, message) => tell(message),
    warn: (_fields, message) => warn(message),
    error: (_fields, message) => warn(message),
  };
  // Until the server has started there is nothing to drain: a signal simply ends the process.
  const server = await createModelServer({ models, logger, ...batching });
  using termination = watchTermination();
  const { signal } = termination;
  const ended = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  try {
    const { port } = await server.listen({ port: flags.rest_api_port }).catch((error: unknown) => {
      const isTaken = (error as NodeJS.ErrnoException)?.code === "EADDRINUSE";
      throw isTaken ? errors.portTaken("rest_api_port", flags.rest_api_port, error) : error;
    });
    for (const { name } of models) {
      tell(`serving ${name} at http://localhost:${port}/v1/models/${name}`);
    }
    await Promise.all([onListening?.({ port, server, models, signal }), ended]);
    tell(`${signal.reason}: finishing the requests in flight`);
  } finally {
    await server.close();
  }
  tell("all requests are answered and all models unloaded");
}

async function modelsOf(flags: FlagValues<typeof serverFlags>) {
  if (flags.model_config_file !== undefined) return readModelConfigFile(flags.model_config_file);
  if (flags.model_base_path === undefined) throw errors.modelsMissing();
  return [{ name: flags.model_name, basePath: flags.model_base_path }];
}

async function batchingOf(flags: FlagValues<typeof serverFlags>): Promise<ModelBatchingOptions> {
  const { enable_batching, batching_parameters_file: file } = flags;
  const perModelBatchingParameters = flags.enable_per_model_batching_parameters;
  if (!enable_batching) {
    if (file !== undefined)
      throw errors.flagRequires("batching_parameters_file", "enable_batching");
    if (perModelBatchingParameters) {
      throw errors.flagRequires("enable_per_model_batching_parameters", "enable_batching");
    }
    return {};
  }
  const parsed = file === undefined ? undefined : await readBatchingParametersFile(file);
  return { batching: parsed?.options ?? true, perModelBatchingParameters };
}
