import {
  createModelServer,
  type Logger,
  type ModelConfig,
  type ModelServer,
  type ModelServerOptions,
} from "@serving-kit/server";
import { builtIns } from "./built-ins.js";
import { checkFlags } from "./check-flags.js";
import { commandLineWarnings } from "./command-line-warnings.js";
import { commandLogger } from "./command-logger.js";
import { end } from "./end.js";
import { Ending, onAbort } from "./ending.js";
import { loggerInFlagWords, platformInFlagWords, rethrowInFlagWords } from "./flag-words.js";
import type { ParsedArguments } from "./flags.js";
import { type Addresses, listen } from "./listen.js";
import { type Listeners, listenersOf } from "./listeners.js";
import { type Environment, withModelEnvironment } from "./model-environment.js";
import { type ModelFileReloads, modelFileReloads } from "./model-file-reloads.js";
import { loadPlatforms } from "./platforms/load-platforms.js";
import { readPlugins, withPlatforms } from "./plugins.js";
import { type ConfigFiles, readConfigFiles } from "./read-config-files.js";
import type { ServerFlags, serverFlags } from "./server-flags.js";
import { serverOptionsOf } from "./server-options.js";
import { withServerPlugins } from "./server-plugins.js";
import type { TextSink } from "./subcommand.js";

/** The running server, for a program that runs the command. */
export interface Serving extends Omit<Addresses, "lines" | "servingLines"> {
  readonly server: ModelServer;
  /** The served models. */
  readonly models: readonly ModelConfig[];
  /** Aborts when the server is asked to stop. */
  readonly signal: AbortSignal;
}

/** Options of `serve`. */
export interface ServeOptions {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly environment: Environment;
  /** Called when the server is ready. If it rejects, the server stops with this error. */
  readonly onListening?: ((serving: Serving) => void | Promise<void>) | undefined;
}

/**
 * Serves models until a signal, and resolves when the server has drained.
 *
 * Opens the ports before loading models. So a port in use is reported immediately, and liveness probes succeed while
 * a large model loads.
 */
export async function serve(
  parsed: ParsedArguments<typeof serverFlags>,
  { stdout, stderr, environment, onListening }: ServeOptions,
): Promise<void> {
  // grpc-js would write its own lines to stderr about events that are already logged here.
  process.env.GRPC_VERBOSITY ??= "NONE";
  checkFlags(parsed.flags);
  const logger = await commandLogger(parsed.flags.log_format, { stdout, stderr });
  let serving: ModelServer | undefined;
  using ending = new Ending(parsed.flags, logger, (deadlineMs) => serving?.close({ deadlineMs }));
  const { signal } = ending;
  const flags = withModelEnvironment(parsed.flags, parsed.given, environment);
  const files = await readConfigFiles(flags, logger);
  const listeners = listenersOf(flags, files.ssl);
  const warnings = commandLineWarnings(parsed, files.platform);
  for (const line of [...warnings, ...listeners.warnings]) logger.warn({}, line);

  using reloads = reloadsOf(flags, files, logger);
  const onServer = (server: ModelServer) => {
    serving = server;
  };
  const context = { flags, files, logger, signal, listeners, reloads, onServer };
  // Wait before any plugin or model code runs: it may block this thread.
  await ending.isWatched;
  const started = await start(context);
  if (started !== undefined) await untilEnd(context, started, onListening);
  ending.log();
}

/** The reloads of the model config file, if there is one. */
function reloadsOf(flags: ServerFlags, files: ConfigFiles, logger: Logger): ModelFileReloads {
  return modelFileReloads(files.modelFile, {
    pollIntervalMs: 1000 * flags.model_config_file_poll_wait_seconds,
    logger: loggerInFlagWords(logger, files.modelFile !== undefined),
    hasLog: flags.request_log_file !== "",
    hasUris: files.models.some(({ basePath }) => /^[a-z][a-z0-9+.-]+:\/\//i.test(basePath)),
  });
}

/** The context of one run of the server. */
interface ServeContext {
  readonly flags: ServerFlags;
  readonly files: ConfigFiles;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly listeners: Listeners;
  readonly reloads: ModelFileReloads;
  /** Called with the server before it starts. */
  readonly onServer: (server: ModelServer) => void;
}

/** A server that has started. */
interface Started {
  readonly server: ModelServer;
  readonly addresses: Addresses;
  /** Drains the server once. The signal does the same. */
  end(): Promise<void>;
}

/** Starts the server. Returns undefined if it was stopped in the meantime. */
async function start(context: ServeContext): Promise<Started | undefined> {
  const { flags, files, logger, signal, listeners, reloads, onServer } = context;
  const hasModelFile = files.modelFile !== undefined;
  const tell = (line: string) => logger.info({}, line);
  let addresses: Addresses = { lines: [], servingLines: [] };
  let isStarted = false;
  let ending: Promise<void> | undefined;
  const options = await optionsOf(flags, files, logger);
  const starting = createModelServer({
    ...options,
    logger: loggerInFlagWords(logger, hasModelFile),
    beforeStart: async (server) => {
      onServer(server);
      onAbort(signal, () => {
        ending = end(server, { signal: signal.reason, flags, isStarted, tell });
      });
      addresses = await listen(server, listeners);
      for (const line of addresses.lines) tell(line);
      reloads.begin(server);
    },
  });
  const server = await starting.catch((error: unknown) => {
    if (!signal.aborted) rethrowInFlagWords(error, hasModelFile);
    return undefined;
  });
  isStarted = true;
  return server && { server, addresses, end: () => ending ?? server.close() };
}

/** Logs that the server is ready, and resolves when it has stopped. */
async function untilEnd(
  { files: { models }, logger, signal }: ServeContext,
  { server, addresses, end }: Started,
  onListening: ServeOptions["onListening"],
): Promise<void> {
  try {
    const { lines: _, servingLines, ...ports } = addresses;
    const isServed = ({ name }: ModelConfig) =>
      server.manager.states(name).some(({ state }) => state === "available");
    const lines = modelLines(models.filter(isServed), addresses);
    for (const line of [...servingLines, ...lines]) logger.info({}, line);
    await Promise.all([
      onListening?.({ ...ports, server, models, signal }),
      new Promise<void>((resolve) => onAbort(signal, resolve)),
    ]);
  } finally {
    await end();
  }
}

/** Converts flags and files to server options, with the built-in plugins and the plugins from `--plugins`. */
async function optionsOf(
  flags: ServerFlags,
  files: ConfigFiles,
  logger: Logger,
): Promise<ModelServerOptions> {
  const plugins = await readPlugins(flags.plugins);
  const rows = withPlatforms(builtIns.platforms, plugins.platforms);
  const setup = { flags, platformConfig: files.platform, logger };
  return {
    ...(await withServerPlugins(serverOptionsOf(flags, files), builtIns, plugins)),
    platforms: (await loadPlatforms(rows, setup)).map(platformInFlagWords),
  };
}

function modelLines(models: readonly ModelConfig[], { restUrl }: Addresses): string[] {
  return models.map(({ name }) =>
    restUrl === undefined ? `serving ${name}` : `serving ${name} at ${restUrl}/v1/models/${name}`,
  );
}
