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
import { loggerInFlagWords, platformInFlagWords, rethrowInFlagWords } from "./flag-words.js";
import type { ParsedArguments } from "./flags.js";
import { type Addresses, listen } from "./listen.js";
import { listenersOf } from "./listeners.js";
import { type Environment, withModelEnvironment } from "./model-environment.js";
import { modelFileReloads } from "./model-file-reloads.js";
import { loadPlatforms } from "./platforms/load-platforms.js";
import { readPlugins, withPlatforms } from "./plugins.js";
import { type ConfigFiles, readConfigFiles } from "./read-config-files.js";
import type { ServerFlags, serverFlags } from "./server-flags.js";
import { serverOptionsOf } from "./server-options.js";
import { withServerPlugins } from "./server-plugins.js";
import type { TextSink } from "./subcommand.js";
import { exitAtOnce, watchTermination } from "./termination.js";

/** What a program that runs the command is given when the server answers. */
export interface Serving extends Omit<Addresses, "lines" | "servingLines"> {
  readonly server: ModelServer;
  /** The models that are served. */
  readonly models: readonly ModelConfig[];
  /** Aborts when the server is told to end. */
  readonly signal: AbortSignal;
}

/** What surrounds `serve`. */
export interface ServeOptions {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly environment: Environment;
  /** Called when the server answers; what it rejects with ends the server. */
  readonly onListening?: ((serving: Serving) => void | Promise<void>) | undefined;
}

/**
 * Serves models until a signal asks to end, and resolves when the server has drained.
 *
 * The ports are listened on before models are loaded: one that is taken is noticed at once, and
 * whoever watches the process sees that it lives while a large model is being loaded.
 */
export async function serve(
  parsed: ParsedArguments<typeof serverFlags>,
  { stdout, stderr, environment, onListening }: ServeOptions,
): Promise<void> {
  const { flags: typed, given } = parsed;
  checkFlags(typed);
  const logger = await commandLogger(typed.log_format, { stdout, stderr });
  const tell = (line: string) => logger.info({}, line);
  const deadlineMs = typed.shutdown_deadline_in_ms;
  let hasToldOverdue = false;
  const tellOverdue = () => {
    if (hasToldOverdue) return;
    hasToldOverdue = true;
    const line = `after ${deadlineMs} ms (--shutdown_deadline_in_ms) what was still under way is cut off`;
    logger.warn({}, line);
  };
  using termination = watchTermination({
    deadlineMs,
    exit(code) {
      if (code === 0) tellOverdue();
      exitAtOnce(code);
    },
  });
  const { signal } = termination;
  let endingSinceMs = Number.POSITIVE_INFINITY;
  const flags = withModelEnvironment(typed, given, environment);
  const files = await readConfigFiles(flags, logger);
  const hasModelFile = files.modelFile !== undefined;
  const libraryLogger = loggerInFlagWords(logger, hasModelFile);
  const listeners = listenersOf(flags, files.ssl);
  const warnings = commandLineWarnings(parsed, files.platform);
  for (const line of [...warnings, ...listeners.warnings]) logger.warn({}, line);

  using reloads = modelFileReloads(files.modelFile, {
    pollIntervalMs: 1000 * flags.model_config_file_poll_wait_seconds,
    logger: libraryLogger,
  });
  let addresses: Addresses = { lines: [], servingLines: [] };
  let isStarted = false;
  let ending: Promise<void> | undefined;
  const options = await optionsOf(flags, files, logger);
  const starting = createModelServer({
    ...options,
    logger: libraryLogger,
    beforeStart: async (server) => {
      onAbort(signal, () => {
        endingSinceMs = performance.now();
        ending = end(server, { signal: signal.reason, flags: typed, isStarted, tell });
      });
      addresses = await listen(server, listeners);
      for (const line of addresses.lines) tell(line);
      reloads.begin(server);
    },
  });
  const server = await starting.catch((error: unknown) => {
    if (!signal.aborted) rethrowInFlagWords(error, hasModelFile);
    return undefined; // told to end while it was starting
  });
  if (server !== undefined) {
    isStarted = true;
    try {
      const { models } = files;
      const { lines: _, servingLines, ...ports } = addresses;
      for (const line of servingLines) tell(line);
      const isServed = ({ name }: ModelConfig) =>
        server.manager.states(name).some(({ state }) => state === "available");
      const served = models.filter(isServed);
      for (const line of modelLines(served, addresses, files.ssl !== undefined)) tell(line);
      await Promise.all([
        onListening?.({ ...ports, server, models, signal }),
        new Promise<void>((resolve) => onAbort(signal, resolve)),
      ]);
    } finally {
      await (ending ?? server.close());
    }
  }
  const isOverdue = performance.now() - endingSinceMs >= deadlineMs;
  if (isOverdue) tellOverdue();
  else tell("all requests are answered and all models unloaded");
}

/** The options of the server that flags and files stand for, with the built-in plugins and those of `--plugins`. */
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

function modelLines(
  models: readonly ModelConfig[],
  { restPort }: Addresses,
  isSecure: boolean,
): string[] {
  const base = `${isSecure ? "https" : "http"}://localhost:${restPort}`;
  return models.map(({ name }) =>
    restPort === undefined ? `serving ${name}` : `serving ${name} at ${base}/v1/models/${name}`,
  );
}

function onAbort(signal: AbortSignal, callback: () => void): void {
  if (signal.aborted) callback();
  else signal.addEventListener("abort", callback, { once: true });
}
