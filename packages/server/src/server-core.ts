import type {
  Clock,
  LabelState,
  Logger,
  ServableHandle,
  ServableRequest,
  ServableState,
} from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import type { CallHeaders, CallObservation, CallObserver } from "./calls/call-observer.js";

/**
 * What the request handlers of every transport need of the server, and all that they need.
 *
 * REST and gRPC are two readings of the same few calls: `predict`, `classify`, `regress` take
 * tensors or examples, never bodies, and know nothing of either transport.
 */
export interface ServerCore {
  /** Contract: `Manager.acquire`. */
  acquire(request: ServableRequest): ServableHandle<Predictor>;
  /** Contract: `AspiredVersionsManager.states`. */
  states(name?: string): readonly ServableState[];
  /** What status reports of a model's versions beside `states`: see `statesBesideLive`. */
  statesBeside(name: string): readonly ServableState[];
  /** Contract: `AspiredVersionsManager.labels`. */
  labels(name: string): ReadonlyMap<string, LabelState>;
  /** The names of the models that are configured, whether or not any version was found. */
  modelNames(): readonly string[];
  /** Whether the start-up policy was met, so that requests are answered. */
  isStarted(): boolean;
  /** Whether the start-up policy was met, still holds (`isPolicyHeld`), and the server is not closing. */
  isReady(): boolean;
  /** Whether a call's signature must be for it by its method name. */
  readonly checksMethodNames: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Watches the calls of this transport. Default: nobody does. */
  readonly observer?: CallObserver | undefined;
}

/** What limits one call, from whichever transport it came. */
export interface CallContext {
  /** On the server's Clock. */
  readonly deadlineAtMs?: number;
  /** Aborts when the caller has gone. */
  readonly signal?: AbortSignal | undefined;
  /** The address of the caller, if the transport knows it. */
  readonly peer?: string;
  /** What came with the call beside its body, for those who watch it. */
  readonly headers?: (() => CallHeaders) | undefined;
  /**
   * What watches this call, where the transport has begun and will end it: it knows of reading and
   * writing. Without it `predict` begins and ends one of the core's observer.
   */
  readonly observation?: CallObservation | undefined;
}
