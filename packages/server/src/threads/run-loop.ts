import { ServingMap, silentLogger, systemClock } from "@serving-kit/core";
import type { Platform, Predictor } from "@serving-kit/inference";
import { errors } from "../errors.js";
import { transportObservers } from "../listening/transport-observers.js";
import { Transports } from "../listening/transports.js";
import { DEFAULT_METRICS_PATH } from "../metrics/metrics-options.js";
import { KEPT_BY_THREAD_MS } from "../metrics/version-series.js";
import { findOpenTelemetry } from "../tracing/find-open-telemetry.js";
import type { LoopMethods, LoopSettings, MainMethods } from "./loop-messages.js";
import { LoopRequestLog } from "./loop-request-log.js";
import { ManagerMirror } from "./manager-mirror.js";
import { Replica } from "./replica.js";
import { ThreadChannel, type ThreadPort } from "./thread-channel.js";
import { readError } from "./thread-error.js";
import { threadLogger } from "./thread-logger.js";

/** Runs one event loop of a model server in a worker thread, until the main thread ends it. */
export async function runLoop(port: ThreadPort, settings: LoopSettings): Promise<void> {
  const clock = systemClock;
  const platforms = await importPlatforms(settings.platforms);
  const library = settings.metrics && (await import("../metrics/server-metrics.js"));
  const otel = await findOpenTelemetry(settings.tracing);
  // From here to the end nothing is waited for: the first message finds everything in its place.
  const main: ThreadChannel<LoopMethods, MainMethods> = new ThreadChannel(port, {
    start: async () =>
      platforms.filter(({ attach }) => attach).map(({ platformName }) => platformName),
    attach: ({ id, origin }) => replica.attach(id, origin),
    publish: (id) => replica.publish(id),
    withdraw: (id) => replica.withdraw(id),
    learn: (news) => mirror.learn(news),
    listen: ({ options, shared }) => transports.listen(options, shared),
    listenGrpc: ({ options, shared }) => transports.listenGrpc(options, shared),
    metrics: async () => metrics?.values() ?? [],
    leave: () => transports.leave(),
    connections: async () => transports.connections,
    async shutDown({ deadlineMs }) {
      using down = await transports.shutDown({ deadlineMs, clock });
      await requestLog[Symbol.asyncDispose]();
      return !down.overdue.aborted;
    },
    end: () => process.exit(0),
  });
  const logger = settings.hasLogger ? threadLogger(main) : silentLogger;
  const serving = new ServingMap<Predictor>();
  const mirror = new ManagerMirror(serving);
  const { states, statesBeside, modelNames, isStarted, isServing, onStateChange } = mirror;
  const core = {
    acquire: (request: Parameters<typeof serving.acquire>[0]) => serving.acquire(request),
    states,
    statesBeside,
    labels: (name: string) => serving.labels(name),
    modelNames,
    checksMethodNames: settings.signatureMethodNameCheck ?? false,
    clock,
    logger,
  };
  const metrics = library && new library.ServerMetrics(core, settings.metrics, KEPT_BY_THREAD_MS);
  const onBatchStart = metrics?.batches.count;
  const replica = new Replica(serving, { platforms, main, clock, logger, onBatchStart });
  const requestLog = new LoopRequestLog(mirror.samplingRate, {
    logger,
    clock,
    // What reaches the main thread is counted there.
    listener: ({ id }, status) => status !== "OK" && metrics?.recordLogged(id.name, status),
    write: (requests) => main.call("logRequests", requests),
  });
  const logging = transportObservers({ metrics, requestLog, otel, clock });
  const notLogging = transportObservers({ metrics, requestLog: undefined, otel, clock });
  const transports = new Transports({
    core,
    isStarted,
    isServing,
    onStateChange,
    observer: (entrypoint) => (mirror.isLogging() ? logging : notLogging)[entrypoint],
    rest: settings.rest,
    page: metrics && {
      path: settings.metrics?.path ?? DEFAULT_METRICS_PATH,
      contentType: metrics.contentType,
      read: async () => Buffer.from(await main.call("readMetrics", undefined)),
    },
    counts: (names) => main.call("counts", names),
    async reload(models, { signal, timeoutMs, peer }) {
      const outcomes = await main.call("reload", { models, timeoutMs, peer }, { signal });
      return outcomes.map(({ name, error }) =>
        error ? { name, error: readError(error) as never } : { name },
      );
    },
  });
}

async function importPlatforms(url: string | undefined): Promise<readonly Platform[]> {
  if (url === undefined) return [];
  const { platforms } = (await import(url)) as { platforms?: unknown };
  const found = typeof platforms === "function" ? await platforms() : platforms;
  if (!Array.isArray(found))
    throw errors.configInvalid(
      `threads.platforms: expected a module with an export "platforms", an array or a function that gives one; got ${url}`,
    );
  return found;
}
