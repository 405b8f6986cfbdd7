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
 * Watches what a server does: metrics, spans, a request log.
 *
 * Guarantees an observer gives:
 * - OB1 Nothing that it does throws, returns a promise where none is declared, or blocks the event loop: it runs in
 *   the middle of calls. That holds for any name of a model, for any error, and for calls that end without a run.
 * - OB2 It keeps nothing that it is lent (calls, batches) after their end: it copies what it needs.
 * - OB3 What it sends to other event loops (`news`, answers, questions) survives `structuredClone`, and observers of
 *   the same name there take it.
 * - OB4 `counts` returns numbers, and only of names that it was asked for.
 * - OB5 Disposal resolves when what it saw was written, and leaves no timer. It may be called again.
 *
 * Guarantees a server gives to an observer:
 * - OS1 `observe` is called once in each event loop before anything is served, first in the main thread.
 * - OS2 Each call of each protocol is begun once and ended once, after its answer was encoded. `api` and
 *   `entrypoint` are names that the protocol declared; `(other)` stands for any other.
 * - OS3 Observers are called in the order in which they are configured, and disposed when the last call has ended.
 */
export interface Observer extends Plugin {
  /** Starts to watch one event loop. */
  observe(host: ObserverHost): LoopObserver;
}

/** The server as an observer sees it, in each event loop. */
export interface ObserverHost {
  /** Whether this is the main thread, which loads the models. */
  readonly isMain: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Contract: `AspiredVersionsManager.states`. */
  states(name?: string): readonly ServableState[];
  /** The names of the models that are configured. */
  modelNames(): readonly string[];
  /** Calls back with the predictor of an available version, which must not be kept. Undefined if it has gone. */
  inspect<T>(id: ServableId, read: (predictor: Predictor) => T): T | undefined;
  /** In the main thread: the observers of the same name in the other event loops. Elsewhere none. */
  peers(): Iterable<ObserverPeer>;
  /** Asks the observer of the same name in the main thread. Rejects if there is no other thread. */
  askMain(message: unknown): Promise<unknown>;
  /** In the main thread: has `news` passed on to the other event loops again. */
  newsChanged(): void;
}

/** The observer of the same name in another event loop. */
export interface ObserverPeer {
  /** Whether its event loop has ended. */
  readonly hasEnded: boolean;
  /** Calls its `answer`. Rejects if its event loop ends. Messages are cloned. */
  ask(message: unknown): Promise<unknown>;
}

/** The facts about a call when it starts. */
export interface CallStart {
  readonly api: string;
  readonly entrypoint: string;
  /** The name that the client asked for; empty if it could not be read. */
  readonly model: string;
  readonly context: CallContext;
}

/** Watches one call from its beginning to its end. */
export interface CallObservation {
  /** The call has been decoded and the model is about to run; `call` is only lent. */
  running(id: ServableId, call: PredictCall): void;
  /** A fact about the run, such as the pid of the process that runs the model. Default: ignored. */
  fact?(name: string, value: string | number): void;
  /**
   * The model has answered, and the answer is about to be encoded, or the model to run again. Left out if nothing is
   * encoded, as for calls in the process: then a call that succeeds ends when the model has answered.
   */
  ran(): void;
  /** The call is over; without `error` it succeeded. Called once, last. */
  end(error?: unknown): void;
}

/** An observer in one event loop. Every member may be absent. */
export interface LoopObserver extends Partial<AsyncDisposable> {
  /** A call begins. Returns undefined if the call is not watched. */
  begin?(call: CallStart): CallObservation | undefined;
  /** A batch has started in this event loop; only lent. */
  batchStarted?: ((batch: StartedBatch) => void) | undefined;
  /** The server has refused something to a client, or closed its connection, to protect itself. */
  refused?(kind: Refusal): void;
  /** In the main thread: a version is about to load from `path`. Returns what its warm-up reports to. */
  loading?(id: ServableId, path: string): LoadContext["warmingUp"];
  /** In the main thread: a source has worked with its storage. */
  sourceActivity?(event: SourceActivityEvent): void;
  /** In the main thread: the models as they are configured now, at the start and after each reload. */
  configure?(models: Iterable<ModelConfig>): void;
  /** In the main thread: log files were rotated; those that are written are opened again. */
  reopenLogs?(): void;
  /** The values of counters of all event loops by their names, of those that it knows. In the main thread. */
  counts?(names: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Answers what the observer of the same name in another event loop asks. */
  answer?(message: unknown): unknown;
  /** In the main thread: what the observers in other event loops must know. Must survive `structuredClone`. */
  news?(): unknown;
  /** In other event loops: takes up `news`, when the event loop starts and whenever it has changed. */
  learn?(news: unknown): void;
  /** Protocols that show what was seen, such as a page of metrics. */
  readonly protocols?: readonly Protocol[];
}
