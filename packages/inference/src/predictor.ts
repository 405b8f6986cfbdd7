import type { NumericDType } from "./dtype.js";
import type { RowVerdict } from "./row-verdict.js";
import type { Signature } from "./signature.js";
import type { Tensor, Tensors } from "./tensor.js";

/** Options for one call of `predict`. */
export interface PredictOptions {
  /** The signature to call. Default `serving_default`. */
  readonly signature?: string | undefined;
  /** The outputs that are wanted. Default all. An empty list is the same as all. */
  readonly outputs?: readonly string[] | undefined;
  /** Time in ms on the predictor's Clock (default `performance.now`) at which the call rejects. Default none. */
  readonly deadlineAtMs?: number | undefined;
  /**
   * Aborts the call. A native run that has started is stopped if the library can stop it, and otherwise
   * ends by itself. Its outputs are freed.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Receives facts about the run for spans, such as `process.pid` of the process that ran it. Called before the call
   * settles, if at all; must not throw. Default none.
   */
  readonly onFact?: ((name: string, value: string | number) => void) | undefined;
}

/** See `Predictor.state`. */
export type PredictorState = "fresh" | "keep";

/** The bodies of TF Serving's REST predict API: the JSON of a request in, the JSON of an answer out. */
export const SERVING_JSON = "tensorflow-serving/predict+json";

/**
 * The value of `details.rerun` of an error of `predict`: the run ended what ran it, which any call of a batch may have
 * caused. What batches calls runs each of them alone, once.
 */
export const RERUN_SINGLY = "singly";

/** The answer of `Predictor.respond`. */
export interface BodyAnswer {
  /** The body as the model returned it. */
  readonly body: Uint8Array;
  /** Whether the model refused the request, and the body says why. */
  readonly isRefusal: boolean;
}

/** The limits of one call of `respond`. */
export type RespondOptions = Pick<PredictOptions, "deadlineAtMs" | "signal" | "onFact">;

/** How many operators of a model an accelerator runs, of all. */
export interface Delegation {
  readonly delegated: number;
  readonly operators: number;
}

/**
 * A servable that computes outputs from inputs: what a model is.
 *
 * Guarantees a predictor gives:
 * - S1 `signatures` is complete before the first call and does not change.
 * - S2 `predict` returns every requested output, with the dtype of the signature and as many elements as
 *   the output's own shape says. If the signature `checksShapes`, outputs have its shapes.
 * - S3 Outputs own their memory: they stay valid after the next call and after disposal.
 * - S4 Inputs are not modified, and may be reused once the promise has settled.
 * - S5 Concurrent calls give the same answers as calls one after another.
 * - S6 A call rejects with a ServingError before anything runs if an input is missing and not optional, if
 *   an input or requested output is not in the signature, if an input has another dtype or another
 *   number of elements than its own shape says, or if there is no such signature. If the signature
 *   `checksShapes`, so does an input of another shape. The message has the name, what was expected and
 *   what was given.
 * - S7 An aborted signal rejects with the signal's reason, before or during the call.
 * - S8 If `batchable`, a batch of n rows gives the same as n calls of one row.
 * - S9 The event loop turns while a long prediction runs.
 * - S10 After disposal every call rejects with FAILED_PRECONDITION / PREDICTOR_CLOSED.
 * - S11 Disposal waits for calls in flight, can be repeated, and frees what loading allocated.
 * - S12 At its deadline a call rejects with DEADLINE_EXCEEDED: before the run, during it, and after a
 *   run that ended too late.
 *
 * Guarantees of a predictor that has `respond`, because its model reads and writes bodies and has no signatures:
 * - S13 `respond` returns the body that the model returned, byte for byte. Another format rejects with
 *   UNIMPLEMENTED / FORMAT_UNSUPPORTED before the model runs.
 * - S14 A refusal of the model, such as `{"error": …}`, resolves with `isRefusal`. It does not reject.
 * - S15 S3 to S5, S7 and S9 to S12 hold for `respond`, with bodies instead of tensors.
 * - S16 `signatures` is empty and `batchable` is false. `predict` takes any tensors under any signature name, and
 *   returns the tensors of the answer to the body that they mean. A refusal rejects with INVALID_ARGUMENT.
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
   * Signatures of the model file that cannot be called: a needed input is opaque, or all outputs are. Metadata
   * lists them with the others. Absent if there are none.
   */
  readonly uncallable?: ReadonlyMap<string, Signature> | undefined;
  /** Whether dimension 0 of every input and output is the batch, so that calls can be joined. */
  readonly batchable: boolean;
  /**
   * The variables that calls find in a model that has some: their initial values (`fresh`), or the values
   * that the calls before left (`keep`). Absent if the model keeps nothing from call to call.
   */
  readonly state?: PredictorState | undefined;
  /**
   * How much of the model an accelerator such as XNNPACK runs. Absent if there is none, or before the
   * shapes of the first call are known.
   */
  readonly delegation?: Delegation | undefined;
  /**
   * Returns whether the rows of a signature are independent, as far as the model's structure tells: `"independent"` only if
   * every op keeps rows apart, whatever their number: then S8 holds for the signature. Absent if the structure is not
   * examined.
   */
  rowsAreIndependent?(signature: string): RowVerdict;
  /**
   * Computes the outputs of a signature. Rejects if the call does not fit the signature, when its signal aborts, at
   * its deadline, and after disposal. The caller may reuse the inputs when the promise has settled, except memory of
   * `allocate`, and owns the outputs.
   */
  predict(inputs: Tensors, options?: PredictOptions): Promise<Tensors>;
  /**
   * Answers a body of a protocol: S13 to S16. Only the protocol of the format calls it; all other callers use
   * `predict`. Absent if the model has signatures.
   *
   * @param body The caller's again when the promise has settled.
   * @param format The form of the bodies, such as `SERVING_JSON`.
   */
  respond?(body: Uint8Array, format: string, options?: RespondOptions): Promise<BodyAnswer>;
  /**
   * Returns what the servable measures about itself, such as the processes that it runs. Observers call it when
   * metrics are read. Must not throw. Default nothing.
   */
  measures?(): readonly Measure[];
  /**
   * Returns memory for an input that `predict` takes without a copy. What decodes or joins inputs writes
   * them there. The content is undefined until it is written.
   *
   * The tensor is the caller's until it is given to `predict`, which may use it up: it must be given
   * to one call at most. One that is never given to a call is freed by the garbage collector. May
   * return undefined if it has no such memory. Absent if the servable has none.
   */
  allocate?<D extends NumericDType>(dtype: D, shape: readonly number[]): Tensor<D> | undefined;
  /**
   * Returns a representation of this predictor for the other threads of the process, where `attach` of its
   * platform makes a predictor of it that runs the same model, in memory once. It may be attached any
   * number of times. What they share is freed when all of them are disposed: disposal waits for that
   * where only this predictor can free it. Absent if the servable cannot be shared. Throws
   * PREDICTOR_CLOSED (FAILED_PRECONDITION) after disposal.
   */
  share?(): SharedPredictor;
  /**
   * Takes back what `share` gave: predictors that were attached by it and not disposed count as disposed,
   * because their thread has ended without a chance to. To be called, also after disposal, only when no
   * thread that attached it runs any more. Absent if nothing waits for them.
   */
  unshare?(shared: SharedPredictor): void;
}

/** A quantity that a servable measures about itself: a metric of its version. */
export interface Measure {
  /** In snake case, such as `python_workers_up`; without a prefix. A counter ends in `_total`. */
  readonly name: string;
  /** A sentence for people who read the metric. */
  readonly help: string;
  /** A counter only grows. */
  readonly kind: "gauge" | "counter";
  readonly values: readonly MeasuredValue[];
}

/** A value of a measure, and what tells it from the others of it. */
export interface MeasuredValue {
  readonly value: number;
  /** Default none. */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * What stands for a predictor in other threads: pass it on to a worker as it is (it can be cloned by
 * `postMessage`), and never take one from outside: it holds addresses.
 */
export interface SharedPredictor {
  /** The name of the platform that attaches it. */
  readonly platform: string;
}
