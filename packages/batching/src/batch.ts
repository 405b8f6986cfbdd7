import { unload, withoutUndefined } from "@serving-kit/core";
import {
  type BodyAnswer,
  DEFAULT_SIGNATURE,
  inferenceErrors,
  type Measure,
  type NumericDType,
  type Predictor,
  type RowVerdict,
  type SharedPredictor,
  type Signature,
  type Tensor,
  type Tensors,
  validateInputs,
  validateOutputs,
} from "@serving-kit/inference";
import {
  BATCHED,
  type BatchedPredictOptions,
  type BatchedPredictor,
  type CallQueueStats,
} from "./batched-predictor.js";
import {
  type BatchingOptions,
  type BatchSlots,
  checkOptionNames,
  type SignatureBatchingOptions,
  signatureOptions,
  slotsOf,
} from "./batching-options.js";
import { type CallKind, CallQueue } from "./call-queue.js";
import { errors } from "./errors.js";
import { hasRows } from "./prove-rows.js";
import { SignatureQueues } from "./signature-queues.js";

/**
 * Puts a batch queue in front of a predictor: concurrent calls of the same kind (signature, given inputs, requested
 * outputs) run as one.
 *
 * The result is a Predictor and keeps its contract. Each call is checked against its signature before it is queued, so
 * that it cannot fail a batch; its `signal` and `deadlineAtMs` remove it from the queue. Other threads share the
 * unbatched predictor, and each thread may batch it separately. `respond` is passed through: bodies are not batched.
 * Calls without rows, and signatures whose dimension 0 is fixed, are not batched. Disposal runs the queued calls, then
 * disposes the predictor.
 *
 * ```ts
 * const batched = batch(predictor, { maxBatchSize: 32 });
 * const { y } = await batched.predict({ x: tensor("float32", [1, 2], [1, 2]) });
 * ```
 *
 * In addition to the predictor's errors, calls reject with the errors of `BatchScheduler` (UNAVAILABLE /
 * BATCH_QUEUE_FULL, INVALID_ARGUMENT / TASK_TOO_LARGE, DEADLINE_EXCEEDED), with INVALID_ARGUMENT / BATCH_NO_INPUTS,
 * BATCH_NO_DIMENSION or BATCH_SIZES_UNEQUAL, and with FAILED_PRECONDITION / BATCH_SHAPES_DIFFER or
 * BATCH_OUTPUT_INVALID. Calls that share a batch never share a message of the model: they get BATCH_FAILED with the
 * model's code or, with `rerunFailedBatches`, the errors of RH1 to RH4 of `rerunByHalves`.
 *
 * @throws ServingError FAILED_PRECONDITION / NOT_BATCHABLE; INVALID_ARGUMENT /
 * BATCHING_OPTIONS_INVALID.
 */
export function batch(predictor: Predictor, options: BatchingOptions = {}): BatchedPredictor {
  const batched = new QueuedPredictor(predictor, options);
  if (!predictor.batchable && options.unbatchable !== "pass-through") {
    throw errors.notBatchable("the predictor");
  }
  return batched;
}

class QueuedPredictor implements BatchedPredictor {
  readonly [BATCHED] = true;
  readonly predictor: Predictor;
  readonly allocate?: <D extends NumericDType>(
    dtype: D,
    shape: readonly number[],
  ) => Tensor<D> | undefined;
  readonly share?: () => SharedPredictor;
  readonly unshare?: (shared: SharedPredictor) => void;
  readonly respond?: NonNullable<Predictor["respond"]>;
  readonly rowsAreIndependent?: NonNullable<Predictor["rowsAreIndependent"]>;
  readonly #slots: BatchSlots;
  /** The queues of each batched signature. */
  readonly #batched = new Map<string, SignatureQueues>();
  #options: BatchingOptions;
  #disposed: Promise<void> | undefined;

  constructor(predictor: Predictor, options: BatchingOptions) {
    this.predictor = predictor;
    this.#options = options;
    checkOptionNames(options);
    this.#slots = slotsOf(options);
    const { allocate, share, unshare, respond } = predictor;
    if (allocate) this.allocate = (dtype, shape) => allocate.call(predictor, dtype, shape) as never;
    if (share) this.share = () => this.#share(share);
    const { rowsAreIndependent } = predictor;
    if (rowsAreIndependent) {
      this.rowsAreIndependent = (signature) => rowsAreIndependent.call(predictor, signature);
    }
    if (respond) this.respond = (...call) => this.#respond(respond, call);
    if (unshare) this.unshare = (shared) => unshare.call(predictor, shared);
    for (const [name, signature] of predictor.signatures) {
      if (!predictor.batchable || !hasRows(signature)) continue;
      if (options.signatures?.[name] === false) continue;
      const newQueue = (kind: CallKind) => this.#newQueue(kind);
      this.#batched.set(name, new SignatureQueues(name, signature, newQueue));
    }
  }

  get signatures(): ReadonlyMap<string, Signature> {
    return this.predictor.signatures;
  }

  get uncallable(): Predictor["uncallable"] {
    return this.predictor.uncallable;
  }

  get batchable(): boolean {
    return this.predictor.batchable;
  }

  get state(): Predictor["state"] {
    return this.predictor.state;
  }

  get delegation(): Predictor["delegation"] {
    return this.predictor.delegation;
  }

  get options(): BatchingOptions {
    return this.#options;
  }

  predict(inputs: Tensors, options: BatchedPredictOptions = {}): Promise<Tensors> {
    if (this.#disposed !== undefined) return Promise.reject(inferenceErrors.predictorClosed());
    try {
      const { signature = DEFAULT_SIGNATURE, outputs } = options;
      const queues = this.#batched.get(signature);
      // The predictor rejects the call with the reason.
      if (queues === undefined) return this.predictor.predict(inputs, options);
      validateInputs(queues.signature, inputs);
      if (outputs !== undefined || queues.signature.opaqueOutputs) {
        validateOutputs(queues.signature, outputs);
      }
      const size = rowsOf(inputs);
      const queue = queues.queueFor(inputs, outputs);
      if (size === 0 || queue === undefined) return this.predictor.predict(inputs, options);
      if (queue.leaves(size)) return this.predictor.predict(inputs, options);
      const alone = queue.runAlone(inputs, size, options);
      if (alone !== undefined) return alone;
      const { priority, deadlineAtMs, signal, onFact } = options;
      if (onFact) queue.listen(inputs, onFact);
      return queue.queue.schedule(inputs, { size, priority, deadlineAtMs, signal });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  get rowVerdicts(): Readonly<Record<string, RowVerdict>> {
    return this.#options.rowVerdicts ?? {};
  }

  measures(): readonly Measure[] {
    const own = this.predictor.measures?.() ?? [];
    const verdicts = Object.entries(this.rowVerdicts);
    return verdicts.length > 0 ? [...own, verdictMeasure(verdicts)] : own;
  }

  stats(): CallQueueStats[] {
    return this.#allQueues().map(({ kind, queue, reruns }) => ({
      signature: kind.name,
      inputs: kind.inputNames,
      outputs: kind.outputNames ?? [...kind.signature.outputs.keys()],
      reruns,
      ...queue.stats(),
    }));
  }

  configure(given: Omit<SignatureBatchingOptions, "priorityLevels">, signature?: string): void {
    const { signatures = {} } = this.#options;
    checkOptionNames(given);
    const changes = withoutUndefined(given);
    if (signature !== undefined && !this.signatures.has(signature)) {
      throw inferenceErrors.signatureNotFound(signature, this.signatures.keys());
    }
    const options =
      signature === undefined
        ? { ...this.#options, ...changes }
        : {
            ...this.#options,
            signatures: {
              ...signatures,
              [signature]: { ...signatureOptions({ signatures }, signature), ...changes },
            },
          };
    for (const one of this.#allQueues()) {
      one.configure(signatureOptions(options, one.kind.name));
    }
    this.#options = options;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    await Promise.all(this.#allQueues().map(({ queue }) => queue.close()));
    await unload(this.predictor);
  }

  #share(share: () => SharedPredictor): SharedPredictor {
    if (this.#disposed !== undefined) throw inferenceErrors.predictorClosed();
    return share.call(this.predictor);
  }

  #respond(
    respond: NonNullable<Predictor["respond"]>,
    call: Parameters<NonNullable<Predictor["respond"]>>,
  ): Promise<BodyAnswer> {
    if (this.#disposed !== undefined) return Promise.reject(inferenceErrors.predictorClosed());
    return respond.apply(this.predictor, call);
  }

  #newQueue(kind: CallKind): CallQueue {
    const options = signatureOptions(this.#options, kind.name);
    return new CallQueue(this.predictor, kind, options, this.#slots);
  }

  #allQueues(): CallQueue[] {
    return [...this.#batched.values()].flatMap((queues) => queues.all());
  }
}

const verdictMeasure = (verdicts: readonly (readonly [string, RowVerdict])[]): Measure => ({
  name: "rows_independent",
  help: "Whether the calls of a signature are batched, because its rows are independent.",
  kind: "gauge",
  values: verdicts.map(([signature, { verdict, reason }]) => ({
    value: verdict === "independent" ? 1 : 0,
    labels: { signature_name: signature, verdict, reason },
  })),
});

/** Returns the common number of rows of all inputs. Throws if the numbers differ. */
function rowsOf(inputs: Tensors): number {
  let rows = -1;
  for (const name in inputs) {
    const extent = (inputs[name] as Tensor).shape[0];
    if (extent === undefined) throw errors.noBatchDimension(name);
    if (rows === -1) rows = extent;
    else if (extent !== rows) throw errors.unequalBatchSizes(name, rows, extent);
  }
  if (rows === -1) throw errors.noInputs();
  return rows;
}
