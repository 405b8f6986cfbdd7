import type { StartedBatch } from "@serving-kit/batching";
import type {
  Clock,
  LoadContext,
  Logger,
  ServableId,
  ServableState,
  SourceActivityEvent,
} from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import type { ModelConfig } from "../config/model-config.js";
import type { Refusal } from "../refusal.js";
import type { Plugin } from "./plugin-module.js";
import type { PredictCall } from "./predict-call.js";
import type { Protocol } from "./protocol.js";
import type { CallContext } from "./server-core.js";

/**
 * Observes a server: metrics, spans, a request log.
 *
 * An observer guarantees:
 * - OB1 No member throws, returns a promise unless one is declared, or blocks the event loop: observers run in the
 *   middle of calls. That holds for any model name, for any error, and for calls that end without a run.
 * - OB2 It keeps no borrowed objects (calls, batches) after they end: it copies what it needs.
 * - OB3 Messages to other event loops (`news`, answers, questions) survive `structuredClone`, and the observers of the
 *   same name there accept them.
 * - OB4 `counts` returns numbers, and only for the requested names.
 * - OB5 Disposal resolves once everything observed has been written, and leaves no timer. It may be called again.
 *
 * A server guarantees to an observer:
 * - OS1 `observe` is called once in each event loop before any request is served, first in the main thread.
 * - OS2 `begin` and `end` are called once for each call of each protocol, `end` after the response was encoded. `api`
 *   and `entrypoint` are names that the protocol declared; `(other)` represents any other name.
 * - OS3 Observers are called in the order in which they are configured, and disposed after the last call has ended.
 */
export interface Observer extends Plugin {
  /** Starts to observe one event loop. */
  observe(host: ObserverHost): LoopObserver;
}

/** The observer's view of the server, in each event loop. */
export interface ObserverHost {
  /** True if this is the main thread, which loads the models. */
  readonly isMain: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Contract: `AspiredVersionsManager.states`. */
  states(name?: string): readonly ServableState[];
  /** The names of the models that are configured. */
  modelNames(): readonly string[];
  /**
   * Calls `read` with the predictor of an available version, which `read` must not keep. Undefined if it was unloaded.
   */
  inspect<T>(id: ServableId, read: (predictor: Predictor) => T): T | undefined;
  /** In the main thread: the observers of the same name in the other event loops. In other event loops: none. */
  peers(): Iterable<ObserverPeer>;
  /** Sends a message to the observer of the same name in the main thread. Rejects if there is no other thread. */
  askMain(message: unknown): Promise<unknown>;
  /** In the main thread: passes `news` on to the other event loops again. */
  newsChanged(): void;
}

/** The observer of the same name in another event loop. */
export interface ObserverPeer {
  /** True if its event loop has ended. */
  readonly hasEnded: boolean;
  /** Calls the peer's `answer`. Rejects if its event loop ends. Messages are cloned. */
  ask(message: unknown): Promise<unknown>;
}

/** The facts about a call when it starts. */
export interface CallStart {
  readonly api: string;
  readonly entrypoint: string;
  /** The name that the client requested; empty if it could not be read. */
  readonly model: string;
  readonly context: CallContext;
}

/** Observes one call from its start to its end. */
export interface CallObservation {
  /** The call has been decoded and the model is about to run. `call` is borrowed: do not keep it. */
  running(id: ServableId, call: PredictCall): void;
  /** A fact about the run, such as the pid of the process that runs the model. Default: ignored. */
  fact?(name: string, value: string | number): void;
  /**
   * The model has returned, and the response is about to be encoded, or the model is about to run again. Not called if
   * nothing is encoded, as for calls within the process: then a successful call ends when the model has returned.
   */
  ran(): void;
  /** The call has ended; without `error` it succeeded. Called once, last. */
  end(error?: unknown): void;
}

/** An observer in one event loop. Every member is optional. */
export interface LoopObserver extends Partial<AsyncDisposable> {
  /** A call starts. Returns undefined if the call is not observed. */
  begin?(call: CallStart): CallObservation | undefined;
  /** A batch has started in this event loop. `batch` is borrowed: do not keep it. */
  batchStarted?: ((batch: StartedBatch) => void) | undefined;
  /** The server has refused a request, or closed a client's connection, to protect itself. */
  refused?(kind: Refusal): void;
  /** In the main thread: a version is about to load from `path`. Returns the observer of its warm-up. */
  loading?(id: ServableId, path: string): LoadContext["warmingUp"];
  /** In the main thread: a source has accessed its storage. */
  sourceActivity?(event: SourceActivityEvent): void;
  /** In the main thread: the current configuration of the models, at the start and after each reload. */
  configure?(models: Iterable<ModelConfig>): void;
  /** In the main thread: log files were rotated. Reopens the files that are being written. */
  reopenLogs?(): void;
  /** In the main thread: returns the values of counters over all event loops by name, for the names that it knows. */
  counts?(names: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Answers a message from the observer of the same name in another event loop. */
  answer?(message: unknown): unknown;
  /** In the main thread: returns the data that observers in other event loops need. Must survive `structuredClone`. */
  news?(): unknown;
  /** In other event loops: receives `news`, when the event loop starts and whenever it has changed. */
  learn?(news: unknown): void;
  /** Protocols that publish the observations, such as a page of metrics. */
  readonly protocols?: readonly Protocol[];
}
