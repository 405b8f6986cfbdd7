import type {
  Clock,
  LabelState,
  Logger,
  ServableId,
  ServableRequest,
  ServableState,
} from "@serving-kit/core";
import type { BodyAnswer, Predictor, Tensors } from "@serving-kit/inference";
import type { ModelConfig } from "../config/model-config.js";
import type { ModelOutcome, ReloadOptions } from "../config/model-outcome.js";
import type { CallAllowance } from "./call-budget.js";
import type { PredictCall } from "./predict-call.js";

/** HTTP headers or gRPC metadata, by lowercase name. */
export type CallHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The limits and the origin of one call. */
export interface CallContext {
  /** The time at which the call times out, on the server's Clock. Default: never. */
  readonly deadlineAtMs?: number | undefined;
  /** Without `deadlineAtMs`: time in ms after the body was read at which the call times out. Default: never. */
  readonly timeoutMs?: number | undefined;
  /** Aborts when the caller disconnects. */
  readonly signal?: AbortSignal | undefined;
  /** The address of the caller, if the transport knows it. */
  readonly peer?: string | undefined;
  /** Headers or metadata of the call. */
  readonly headers?: CallHeaders | undefined;
  /** The memory that the call may take. Default: no limit. */
  readonly allowance?: CallAllowance | undefined;
  /** Rejects if the app does not authorize a call of this model. Default: every call is authorized. */
  readonly authorize?: ((model: string) => Promise<void>) | undefined;
}

/** A version that a call runs, while its handle is held. */
export interface CalledVersion {
  readonly id: ServableId;
  readonly predictor: Predictor;
  /** The memory that the call may take. */
  readonly allowance: CallAllowance;
  /** Runs the model within the limits of the call. The outputs have the names that the call requests. */
  predict(call: PredictCall): Promise<Tensors>;
  /**
   * Passes a body in a format to the model within the limits of the call. Only for a predictor with `respond`, and only
   * for the protocol of that format: all other protocols use `predict`.
   */
  respond(body: Uint8Array, format: string): Promise<BodyAnswer>;
  /**
   * Throws CALL_ENDED (FAILED_PRECONDITION) if the call has timed out or its client has disconnected, to stop work for
   * it.
   */
  throwIfEnded(): void;
}

/**
 * One call of a servable. `T` is the result of its run, `R` its response, and `B` its body: bytes, or a message that
 * `body` decodes.
 */
export interface ServableCall<T, R = T, B = Uint8Array> {
  /**
   * The name under which the call is observed: one of the `apis` of its protocol. Without it the call is not observed:
   * it holds a version for calls that are.
   */
  readonly api?: string;
  /**
   * The servable, if it is known before the body. If it does not exist, the call is refused without reading the body.
   */
  readonly servable?: ServableRequest | undefined;
  /** Reads the body. Called once. Default: no bytes. */
  body?(allowance: CallAllowance): B | Promise<B>;
  /** Reads from the body which servable is requested. Required without `servable`. */
  locate?(body: B): ServableRequest;
  /**
   * Decodes the body according to the version's signatures, and runs it. Must refuse an unknown signature before it
   * decodes a tensor. The handle is held until the promise settles, or the call times out or is aborted.
   */
  run(version: CalledVersion, body: B): T | Promise<T>;
  /** Encodes the response, after the handle was released. Default: returns the outcome. */
  encode?(outcome: T, id: ServableId): R;
}

/** The description of a version, available without running it. */
export interface ModelDescription
  extends Pick<Predictor, "signatures" | "uncallable" | "state" | "batchable"> {
  readonly id: ServableId;
}

/** Options for a reload that a client requests. */
export interface ClientReloadOptions extends ReloadOptions {
  /** The client's address. */
  readonly peer: string;
  /** The client's method, as its protocol names it: for the log. */
  readonly method: string;
}

/** The protocol's view of the server, in each event loop. */
export interface ServerCore {
  /**
   * Makes one call of a servable: acquires the requested version, reads the body, holds the version while it runs,
   * enforces the deadline and the abort signal, and reports the call to the observers once.
   *
   * @throws ServingError of `Manager.acquire`, SERVER_STARTING (UNAVAILABLE), DEADLINE_EXCEEDED, the reason of
   * the signal, and anything that the functions of the call throw.
   */
  call<T, R = T, B = Uint8Array>(call: ServableCall<T, R, B>, context?: CallContext): Promise<R>;
  /** Describes a version. Throws as `Manager.acquire` does. */
  describe(request: ServableRequest): ModelDescription;
  /** Returns the states of a model's versions as status reports them, newest first; without a name, of all models. */
  versions(name?: string): readonly ServableState[];
  /** Contract: `AspiredVersionsManager.labels`. */
  labels(name: string): ReadonlyMap<string, LabelState>;
  /** The names of the configured models, whether or not a version was found. */
  modelNames(): readonly string[];
  /** The URIs of models in remote storage, by model name, without credentials. */
  modelUris(): ReadonlyMap<string, string>;
  /** Returns whether the start-up policy was met, so that calls are served. */
  isStarted(): boolean;
  /** Returns whether the start-up policy was met and still holds, and the server is not closing. */
  isReady(): boolean;
  /** Aborts when the server starts to close. */
  readonly closing: AbortSignal;
  /** Calls `listener` after every change of a version's state, and when the server has started. */
  onStateChange(listener: () => void): Disposable;
  /**
   * Yields immediately, and whenever `onStateChange` would call its listener: once for all changes since the last time.
   * Ends when the server closes, or when the signal of the context aborts. For streams that show states.
   */
  stateChanges(context: Pick<CallContext, "signal">): AsyncIterable<void>;
  /**
   * Contract: `ModelServer.reload`, within the limits of `ModelControl`. Options of a model that a client cannot set
   * stay as they are: its batching, its request log, and a custom platform. Each call is logged with its peer.
   */
  reload(models: readonly ModelConfig[], options: ClientReloadOptions): Promise<ModelOutcome[]>;
  /** Returns the values of counters that observers keep, by name; 0 for a name that no observer knows. */
  counts(names: readonly string[]): Promise<ReadonlyMap<string, number>>;
  readonly clock: Clock;
  readonly logger: Logger;
}
