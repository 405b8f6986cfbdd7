import type { NumericDType } from "./dtype.js";
import type { RowVerdict } from "./row-verdict.js";
import type { Signature } from "./signature.js";
import type { Tensor, Tensors } from "./tensor.js";

/** Options for one call of `predict`. */
export interface PredictOptions {
  /** The signature to call. Default `serving_default`. */
  readonly signature?: string | undefined;
  /** The outputs to compute. Default all. An empty list is the same as all. */
  readonly outputs?: readonly string[] | undefined;
  /** Time in ms on the predictor's Clock (default `performance.now`) at which the call rejects. Default none. */
  readonly deadlineAtMs?: number | undefined;
  /**
   * Aborts the call. A native run in progress is stopped if the library supports that; otherwise it runs to its end and
   * its outputs are freed.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Receives facts about the run for spans, such as `process.pid` of the process that ran it. Called before the call
   * settles, or not at all. Must not throw. Default none.
   */
  readonly onFact?: ((name: string, value: string | number) => void) | undefined;
}

/** See `Predictor.state`. */
export type PredictorState = "fresh" | "keep";

/** The bodies of TF Serving's REST predict API: JSON request in, JSON response out. */
export const SERVING_JSON = "tensorflow-serving/predict+json";

/**
 * The value of `details.rerun` of an error of `predict`: the run killed the process that ran it, and any call of the
 * batch may be the cause. A batcher then runs each call alone, once.
 */
export const RERUN_SINGLY = "singly";

/** The answer of `Predictor.respond`. */
export interface BodyAnswer {
  /** The body as the model returned it. */
  readonly body: Uint8Array;
  /** True if the model rejected the request. The body then has the reason. */
  readonly isRefusal: boolean;
}

/** The limits of one call of `respond`. */
export type RespondOptions = Pick<PredictOptions, "deadlineAtMs" | "signal" | "onFact">;

/** The number of a model's operators that an accelerator runs, and of all its operators. */
export interface Delegation {
  readonly delegated: number;
  readonly operators: number;
}

/**
 * A servable that computes outputs from inputs. Every model is a Predictor.
 *
 * A predictor guarantees:
 * - S1 `signatures` is complete before the first call and does not change.
 * - S2 `predict` returns every requested output, with the dtype of the signature and as many elements as the output's
 *   own shape says. If the signature `checksShapes`, outputs have its shapes.
 * - S3 Outputs own their memory: they stay valid after the next call and after disposal.
 * - S4 `predict` does not modify inputs. The caller may reuse them once the promise has settled.
 * - S5 Concurrent calls return the same results as sequential calls.
 * - S6 A call rejects with a ServingError before anything runs if an input is missing and not optional, if an input or
 *   requested output is not in the signature, if an input has another dtype or another number of elements than its own
 *   shape says, or if the signature does not exist. If the signature `checksShapes`, an input of another shape is
 *   rejected too. The message has the name, what was expected and what was received.
 * - S7 An aborted signal rejects the call with the signal's reason, before or during the run.
 * - S8 If `batchable`, a batch of n rows returns the same as n calls of one row.
 * - S9 A long prediction does not block the event loop.
 * - S10 After disposal every call rejects with FAILED_PRECONDITION / PREDICTOR_CLOSED.
 * - S11 Disposal waits for calls in flight, is idempotent, and frees everything that loading allocated.
 * - S12 At its deadline, a call rejects with DEADLINE_EXCEEDED: before the run, during the run, or after a run that
 *   ended too late.
 *
 * Guarantees of a predictor that has `respond`, because its model reads and writes bodies and has no signatures:
 * - S13 `respond` returns the body that the model returned, byte for byte. Another format rejects with
 *   UNIMPLEMENTED / FORMAT_UNSUPPORTED before the model runs.
 * - S14 A refusal by the model, such as `{"error": …}`, resolves with `isRefusal` and does not reject.
 * - S15 S3 to S5, S7 and S9 to S12 hold for `respond`, with bodies instead of tensors.
 * - S16 `signatures` is empty and `batchable` is false. `predict` takes any tensors under any signature name. It sends
 *   the body that they mean, and returns the tensors of the answer. A refusal rejects with INVALID_ARGUMENT.
 *
 * @example
 * ```ts
 * const predict = async (predictor: Predictor, inputs: Tensors) =>
 *   predictor.predict(inputs, { signature: "serving_default", deadlineAtMs: performance.now() + 50 });
 * ```
 */
export interface Predictor extends Partial<AsyncDisposable> {
  /** The signatures by name. */
  readonly signatures: ReadonlyMap<string, Signature>;
  /**
   * Signatures of the model file that cannot be called, because a required input is opaque or all outputs are. Metadata
   * lists them with the others. Absent if there are none.
   */
  readonly uncallable?: ReadonlyMap<string, Signature> | undefined;
  /** True if dimension 0 of every input and output is the batch, so that calls can be joined. */
  readonly batchable: boolean;
  /**
   * The variables that a call sees in a model with variables: their initial values (`fresh`), or the values that
   * earlier calls left (`keep`). Absent if the model keeps nothing between calls.
   */
  readonly state?: PredictorState | undefined;
  /**
   * The part of the model that an accelerator such as XNNPACK runs. Absent if there is none, or before the shapes of
   * the first call are known.
   */
  readonly delegation?: Delegation | undefined;
  /**
   * Returns whether the rows of a signature are independent, as far as the model's structure shows. Returns
   * `"independent"` only if every op keeps rows apart for any number of rows; then S8 holds for the signature. Absent
   * if the structure is not examined.
   */
  rowsAreIndependent?(signature: string): RowVerdict;
  /**
   * Computes the outputs of a signature. Rejects if the call does not fit the signature, when its signal aborts, at its
   * deadline, and after disposal. The caller may reuse the inputs when the promise has settled, except memory of
   * `allocate`. The caller owns the outputs.
   */
  predict(inputs: Tensors, options?: PredictOptions): Promise<Tensors>;
  /**
   * Answers a body of a protocol: S13 to S16. Only the protocol of that format calls `respond`; all other callers use
   * `predict`. Absent if the model has signatures.
   *
   * @param body The request. The caller may reuse it when the promise has settled.
   * @param format The form of the bodies, such as `SERVING_JSON`.
   */
  respond?(body: Uint8Array, format: string, options?: RespondOptions): Promise<BodyAnswer>;
  /**
   * Returns the servable's own measurements, such as the number of its processes. Observers call it when metrics are
   * read. Must not throw. Default none.
   */
  measures?(): readonly Measure[];
  /**
   * Returns memory for an input that `predict` takes without a copy. Code that decodes or joins inputs writes them
   * there. The content is undefined until it is written.
   *
   * The caller owns the tensor until it passes it to `predict`, which may consume it. Pass it to at most one call. The
   * garbage collector frees a tensor that is never passed. May return undefined if no such memory is available. Absent
   * if the servable has none.
   */
  allocate?<D extends NumericDType>(dtype: D, shape: readonly number[]): Tensor<D> | undefined;
  /**
   * Returns a token of this predictor for the other threads of the process. There, `attach` of its platform makes a
   * predictor that runs the same model, which is in memory once. A token may be attached any number of times. Shared
   * resources are freed when all these predictors are disposed: disposal waits for that if only this predictor can free
   * them. Absent if the servable cannot be shared. Throws PREDICTOR_CLOSED (FAILED_PRECONDITION) after disposal.
   */
  share?(): SharedPredictor;
  /**
   * Revokes a token of `share`. Predictors that attached it and are not disposed count as disposed, because their
   * thread ended without disposing them. Call it, even after disposal, only when no thread that attached the token is
   * running. Absent if nothing waits for these predictors.
   */
  unshare?(shared: SharedPredictor): void;
}

/** A quantity that a servable measures about itself: a metric of its version. */
export interface Measure {
  /** The name in snake case without a prefix, such as `python_workers_up`. The name of a counter ends in `_total`. */
  readonly name: string;
  /** A sentence that explains the metric. */
  readonly help: string;
  /** A counter only grows. */
  readonly kind: "gauge" | "counter";
  readonly values: readonly MeasuredValue[];
}

/** One value of a measure, with the labels that identify it. */
export interface MeasuredValue {
  readonly value: number;
  /** Default none. */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * The token of a predictor for other threads. Pass it to a worker unchanged (`postMessage` can clone it). Never accept
 * a token from outside the process: it holds addresses.
 */
export interface SharedPredictor {
  /** The name of the platform that attaches it. */
  readonly platform: string;
}
