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

/** HTTP headers or gRPC metadata, by names in lower case. */
export type CallHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The limits of one call, and its origin. */
export interface CallContext {
  /** When the call times out, on the server's Clock. Default: never. */
  readonly deadlineAtMs?: number | undefined;
  /** Without `deadlineAtMs`: in how many ms after its body was read the call times out. Default: never. */
  readonly timeoutMs?: number | undefined;
  /** Aborts when the caller has gone. */
  readonly signal?: AbortSignal | undefined;
  /** The address of the caller, if the transport knows it. */
  readonly peer?: string | undefined;
  /** Headers or metadata of the call. */
  readonly headers?: CallHeaders | undefined;
  /** The memory that the call may take. Default: no limit. */
  readonly allowance?: CallAllowance | undefined;
  /** Rejects if the app does not allow the call of this model. Default: every call is allowed. */
  readonly authorize?: ((model: string) => Promise<void>) | undefined;
}

/** A version that answers a call, while its handle is held. */
export interface CalledVersion {
  readonly id: ServableId;
  readonly predictor: Predictor;
  /** The memory that the call may take. */
  readonly allowance: CallAllowance;
  /** Runs the model within the limits of the call. The outputs have the names that the call gives them. */
  predict(call: PredictCall): Promise<Tensors>;
  /**
   * Has the model answer a body of a format within the limits of the call. Only for a predictor with `respond`, and
   * only for the protocol of the format: all others use `predict`.
   */
  respond(body: Uint8Array, format: string): Promise<BodyAnswer>;
  /** Throws CALL_ENDED (FAILED_PRECONDITION) if the call has ended, at its deadline or by its client: work for it stops. */
  throwIfEnded(): void;
}

/**
 * One call of a servable: `T` is what its run results in, `R` its answer, and `B` its body: bytes, or a message
 * that `body` decodes.
 */
export interface ServableCall<T, R = T, B = Uint8Array> {
  /**
   * What the call is observed as: one of the `apis` of its protocol. Without it the call is not observed: it
   * holds a version for calls that are.
   */
  readonly api?: string;
  /** Which servable, if that is known before the body. It is refused then, without reading the body. */
  readonly servable?: ServableRequest | undefined;
  /** Reads the body. Called once. Default: no bytes. */
  body?(allowance: CallAllowance): B | Promise<B>;
  /** Reads which servable the body names. Required without `servable`. */
  locate?(body: B): ServableRequest;
  /**
   * Decodes the body in the light of the version's signatures, and runs it. Must refuse an unknown signature
   * before it decodes a tensor. The handle is held until the promise settles, or the call times out or is aborted.
   */
  run(version: CalledVersion, body: B): T | Promise<T>;
  /** Makes the answer, when the handle was released. Default: the outcome as it is. */
  encode?(outcome: T, id: ServableId): R;
}

/** The description of a version without running it. */
export interface ModelDescription
  extends Pick<Predictor, "signatures" | "uncallable" | "state" | "batchable"> {
  readonly id: ServableId;
}

/** Options for a reload that a client requests. */
export interface ClientReloadOptions extends ReloadOptions {
  /** The client's address. */
  readonly peer: string;
  /** The method by which it does, as its protocol calls it: for the log. */
  readonly method: string;
}

/** The server as a protocol sees it, in each event loop. */
export interface ServerCore {
  /**
   * Makes one call of a servable: resolves what it names, reads the body, holds the version while it runs,
   * enforces deadline and abort, and reports it to the observers once.
   *
   * @throws ServingError of `Manager.acquire`, SERVER_STARTING (UNAVAILABLE), DEADLINE_EXCEEDED, the reason of
   * the signal, and anything that the functions of the call throw.
   */
  call<T, R = T, B = Uint8Array>(call: ServableCall<T, R, B>, context?: CallContext): Promise<R>;
  /** Describes a version. Throws as `Manager.acquire` does. */
  describe(request: ServableRequest): ModelDescription;
  /** The states of a model's versions as status reports them, newest first; of all models without a name. */
  versions(name?: string): readonly ServableState[];
  /** Contract: `AspiredVersionsManager.labels`. */
  labels(name: string): ReadonlyMap<string, LabelState>;
  /** The names of the models that are configured, whether or not any version was found. */
  modelNames(): readonly string[];
  /** The URIs of the models that come from remote storage, by their names. They have no credentials. */
  modelUris(): ReadonlyMap<string, string>;
  /** Whether the start-up policy was met, so that calls are answered. */
  isStarted(): boolean;
  /** Whether the start-up policy was met, still holds, and the server is not closing. */
  isReady(): boolean;
  /** Aborts when the server starts to close. */
  readonly closing: AbortSignal;
  /** Calls back after every change of a version's state, and when the server has started. */
  onStateChange(listener: () => void): Disposable;
  /**
   * Yields now, and after `onStateChange` would call back: once for all changes since the last. Ends when the
   * server closes, and when the signal of the context aborts: for streams that show states.
   */
  stateChanges(context: Pick<CallContext, "signal">): AsyncIterable<void>;
  /**
   * Contract: `ModelServer.reload`, within the limits of `ModelControl`; but what a client cannot say of a
   * model stays as it is: its batching, its request log, and a platform of its own that is named. Each call is
   * logged with its peer.
   */
  reload(models: readonly ModelConfig[], options: ClientReloadOptions): Promise<ModelOutcome[]>;
  /** The values of counters that observers keep, by their names; 0 for a name that none knows. */
  counts(names: readonly string[]): Promise<ReadonlyMap<string, number>>;
  readonly clock: Clock;
  readonly logger: Logger;
}
