import {
  inSlices,
  type Logger,
  type ServingError,
  ServingMap,
  type Steps,
  silentLogger,
  systemClock,
} from "@serving-kit/core";
import type { Platform, Predictor } from "@serving-kit/inference";
import type { AuthorizeRequest } from "../calls/authorize.js";
import type { ModelOutcome } from "../config/model-outcome.js";
import { errors } from "../errors.js";
import { EventLoop, type LoopHost, type LoopPlugins } from "../loop/event-loop.js";
import { drainOnStrayError } from "../loop/stray-errors.js";
import type { ModelProcessor } from "../plugins/model-processor.js";
import { importPlugin, type Plugin, type SharedPlugin } from "../plugins/plugin-module.js";
import type { LoopMethods, LoopSettings, MainMethods, ThreadOutcome } from "./loop-messages.js";
import { ManagerMirror } from "./manager-mirror.js";
import { Replica } from "./replica.js";
import { ThreadChannel, type ThreadPort } from "./thread-channel.js";
import { readError, writeError } from "./thread-error.js";

/** Time in ms in which a loop with a stray error finishes its requests. */
const DRAIN_MS = 3_000;

const clock = systemClock;

/** The channel to the main thread. */
type Main = ThreadChannel<LoopMethods, MainMethods>;

/** Runs one event loop of a model server in a worker thread, until the main thread ends it. */
export async function runLoop(port: ThreadPort, settings: LoopSettings): Promise<void> {
  const platforms = await importPlatforms(settings.platforms);
  const plugins = await importPlugins(settings.plugins);
  const processors = settings.plugins.processors.map(importPlugin<ModelProcessor>);
  const [processor] = await Promise.all(processors);
  // No awaits from here to the end, so that everything is ready when the first message arrives.
  const main: Main = new ThreadChannel(
    port,
    loopMethods(() => ({ platforms, loop, mirror, replica })),
  );
  const logger = settings.hasLogger ? threadLogger(main) : silentLogger;
  const serving = new ServingMap<Predictor>();
  const mirror = new ManagerMirror(serving);
  const host = loopHost({ main, mirror, serving, logger }, settings.hasAuthorize);
  const loop = new EventLoop(host, plugins, settings);
  // The thread belongs to the server. The main thread replaces it.
  drainOnStrayError({
    logger,
    deadlineMs: DRAIN_MS,
    async drain() {
      using _down = await loop.transports.shutDown({ deadlineMs: DRAIN_MS, clock });
    },
  });
  const onBatchStart = loop.observers.batchStarted;
  const replica = new Replica(serving, { platforms, processor, main, clock, logger, onBatchStart });
}

/** The parts of a loop that answer the main thread. */
interface LoopParts {
  readonly platforms: readonly Platform[];
  readonly loop: EventLoop;
  readonly mirror: ManagerMirror;
  readonly replica: Replica;
}

/** The parts of a loop that its models come from. */
interface HostParts {
  readonly main: Main;
  readonly mirror: ManagerMirror;
  readonly serving: ServingMap<Predictor>;
  readonly logger: Logger;
}

/** The methods that the main thread calls. The parts are created after the channel, and before the first call. */
function loopMethods(parts: () => LoopParts): LoopMethods {
  const transports = () => parts().loop.transports;
  return {
    start: async () => {
      const attachable = parts().platforms.filter(({ attach }) => attach);
      return attachable.map(({ platformName }) => platformName);
    },
    attach: ({ id, origin }) => parts().replica.attach(id, origin),
    publish: (id) => parts().replica.publish(id),
    withdraw: (id) => parts().replica.withdraw(id),
    learn: (news) => {
      const { loop, mirror } = parts();
      if (news.configuration) loop.observers.learn(news.configuration.observers);
      mirror.learn(news);
    },
    listen: ({ options, shared }) => transports().listen(options, shared),
    listenGrpc: ({ options, shared }) => transports().listenGrpc(options, shared),
    ask: ({ name, message }) => parts().loop.observers.answer(name, message),
    leave: () => transports().leave(),
    connections: async () => transports().connections,
    async shutDown({ deadlineMs }) {
      using down = await transports().shutDown({ deadlineMs, clock });
      await parts().loop[Symbol.asyncDispose]();
      return !down.overdue.aborted;
    },
    end: () => process.exit(0),
  };
}

/** The models of a loop: the mirror of the manager, and for the rest the main thread. */
function loopHost({ main, mirror, serving, logger }: HostParts, hasAuthorize: boolean): LoopHost {
  const { states, statesBeside, modelNames, modelUris } = mirror;
  const { isStarted, isServing, onStateChange } = mirror;
  return {
    ...{ isMain: false, clock, logger },
    authorize: hasAuthorize ? (request) => main.call("authorize", cloneable(request)) : undefined,
    acquire: (request) => serving.acquire(request),
    labels: (name) => serving.labels(name),
    ...{ states, statesBeside, modelNames, modelUris, isStarted, isServing, onStateChange },
    async reload(models, { signal, timeoutMs, peer, method }) {
      const reload = { models, timeoutMs, peer, method };
      const outcomes = await main.call("reload", reload, { signal });
      return inSlices(read(outcomes));
    },
    counts: (names) => main.call("counts", names),
    links: {
      peers: () => [],
      askMain: (name, message) => main.call("ask", { name, message }),
      newsChanged: () => {},
    },
  };
}

/** Reads outcomes, one in each step: those of thousands of models would hold the event loop. */
function* read(outcomes: readonly ThreadOutcome[]): Steps<ModelOutcome[]> {
  const all: ModelOutcome[] = [];
  for (const { name, error } of outcomes) {
    all.push(error ? { name, error: readError(error) as ServingError } : { name });
    yield;
  }
  return all;
}

/**
 * Returns a request with metadata that can be posted: HTTP headers have no prototype, gRPC metadata may have buffers.
 */
const cloneable = (request: AuthorizeRequest): AuthorizeRequest => ({
  ...request,
  metadata: { ...request.metadata },
});

async function importPlugins(plugins: LoopSettings["plugins"]): Promise<LoopPlugins> {
  const all = <P extends Plugin>(of: readonly SharedPlugin[]) =>
    Promise.all(of.map((plugin) => importPlugin<P>(plugin)));
  return {
    protocols: await all(plugins.protocols),
    observers: await all(plugins.observers),
    acquireDecorators: await all(plugins.acquireDecorators),
  };
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

/** The logger of a loop: the main thread writes its lines. */
export function threadLogger(main: Pick<Main, "tell">): Logger {
  const write = (level: keyof Logger) => (fields: object, message: string) => {
    const { err, ...facts } = fields as { err?: unknown };
    main.tell("log", {
      level,
      fields: facts,
      message,
      error: err === undefined ? undefined : writeError(err),
    });
  };
  return { info: write("info"), warn: write("warn"), error: write("error") };
}
