import { asError, isServingError } from "@serving-kit/core";
import {
  type PredictOptions,
  type Predictor,
  RERUN_SINGLY,
  type Signature,
  type Tensor,
  type Tensors,
} from "@serving-kit/inference";
import type { AloneTask, BatchQueue } from "./batch-queue.js";
import { type BatchQueueOptions, padUp } from "./batch-queue-options.js";
import type { BatchContext } from "./batch-scheduler.js";
import { type BatchSlots, paddingOf, type SignatureBatchingOptions } from "./batching-options.js";
import { callSplitting } from "./call-splitting.js";
import { type BatchedInput, concatInputs, rowsJoin, splitOutputs } from "./concat-and-split.js";
import { errors } from "./errors.js";
import { isOfInputs, rerunByHalves } from "./rerun-by-halves.js";

/** Calls that can be joined into one: of one signature, with the same given inputs and requested outputs. */
export interface CallKind {
  readonly name: string;
  readonly signature: Signature;
  readonly inputNames: readonly string[];
  /** If absent, all outputs of the signature. */
  readonly outputNames?: readonly string[];
}

const NO_OPTIONS: PredictOptions = {};

/** The calls of one kind to one predictor: a batch queue whose tasks are the inputs of a call. */
export class CallQueue {
  readonly kind: CallKind;
  readonly queue: BatchQueue<Tensors, Tensors>;
  /** Reruns of parts of failed batches. */
  reruns = 0;
  readonly #predictor: Predictor;
  /** The options of a call for a batch without a deadline. */
  readonly #call: PredictOptions;
  /** The `onFact` listeners of calls, by task. */
  readonly #listeners = new WeakMap<Tensors, NonNullable<PredictOptions["onFact"]>>();
  #isListening = false;
  #options: SignatureBatchingOptions;
  #inputs: readonly BatchedInput[];
  /** The call that runs alone. The functions are not closures of the call, so that it leaves no garbage. */
  #alone: AloneTask | undefined;
  #aloneOptions: PredictOptions = NO_OPTIONS;
  readonly #onAloneSucceeded = () => {
    this.#aloneOptions = NO_OPTIONS; // The options may hold a signal and what listens to it.
    this.#alone?.end("succeeded");
  };
  readonly #onAloneFailed = (error: unknown) => {
    const options = this.#aloneOptions;
    this.#aloneOptions = NO_OPTIONS;
    this.#alone?.end(outcomeOf(error, options), error);
  };

  constructor(
    predictor: Predictor,
    kind: CallKind,
    options: SignatureBatchingOptions,
    slots: BatchSlots,
  ) {
    this.kind = kind;
    this.#predictor = predictor;
    this.#call = {
      signature: kind.name,
      ...(kind.outputNames && { outputs: kind.outputNames }),
    };
    this.#options = options;
    this.#inputs = batchedInputs(kind, options);
    this.queue = slots.addQueue<Tensors, Tensors>((tasks, context) => this.#run(tasks, context), {
      ...queueOptions(options),
      joins: (first, task) => this.#joins(first, task),
    });
  }

  /** Passes the facts of the batch that runs a call to `onFact`. */
  listen(task: Tensors, onFact: NonNullable<PredictOptions["onFact"]>): void {
    this.#isListening = true;
    this.#listeners.set(task, onFact);
  }

  /** Returns whether calls with this many rows go to the predictor unbatched. */
  leaves(size: number): boolean {
    return size > this.queue.maxTaskSize && this.#options.largeCalls === "run-alone";
  }

  /**
   * Runs a call immediately and unqueued, if its queue is idle: the call goes to the predictor unchanged. Returns
   * undefined if the call must be scheduled.
   */
  runAlone(inputs: Tensors, size: number, options: PredictOptions): Promise<Tensors> | undefined {
    if (this.#options.padVariableLengthInputs) return undefined;
    const alone = this.queue.startAlone(size);
    if (alone === undefined) return undefined;
    this.#alone = alone;
    this.#aloneOptions = options;
    let running: Promise<Tensors>;
    try {
      running = this.#predictor.predict(inputs, options);
    } catch (error) {
      running = Promise.reject(error);
    }
    running.then(this.#onAloneSucceeded, this.#onAloneFailed);
    return running;
  }

  /** Changes the options from now on. */
  configure(options: SignatureBatchingOptions): void {
    const inputs = batchedInputs(this.kind, options);
    const { priorityLevels: _, ...changes } = queueOptions(options);
    this.queue.configure(changes);
    this.#options = options;
    this.#inputs = inputs;
  }

  #run(
    tasks: readonly Tensors[],
    { sizes, paddedSize, deadlineAtMs }: BatchContext,
  ): Promise<readonly (Tensors | Error)[]> {
    const hasDeadline = deadlineAtMs !== Number.POSITIVE_INFINITY;
    const call = hasDeadline ? { ...this.#call, deadlineAtMs } : this.#call;
    const running = this.#runTogether(tasks, sizes, paddedSize, call);
    if (tasks.length === 1) return running;
    return running.catch((error: unknown) => {
      if (killsBatch(error)) return this.#runOneByOne(tasks, sizes, call);
      if (!this.#runsAgain || !isOfInputs(error)) throw error;
      return this.#runByHalves(tasks, sizes, call);
    });
  }

  /** True if failed batches are rerun: never if a run changes the state of the model. */
  get #runsAgain(): boolean {
    return this.#options.rerunFailedBatches === true && this.#predictor.state !== "keep";
  }

  // Not an async function: its overhead would slow down a lone caller of a small model.
  #runTogether(
    tasks: readonly Tensors[],
    sizes: readonly number[],
    paddedSize: number,
    call: PredictOptions,
  ): Promise<Tensors[]> {
    try {
      const inputs = concatInputs(tasks, this.#inputs, paddedSize, this.#predictor);
      const options = this.#isListening ? { ...call, onFact: this.#teller(tasks) } : call;
      const running = this.#predictor.predict(inputs, options);
      const isAlone = tasks.length === 1 && sizes[0] === paddedSize;
      return running.then(
        isAlone ? (outputs) => [outputs] : (outputs) => splitOutputs(outputs, sizes, paddedSize),
        tasks.length === 1
          ? undefined
          : (error) => {
              throw ofNoCaller(error, tasks.length);
            },
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #teller(tasks: readonly Tensors[]): NonNullable<PredictOptions["onFact"]> {
    return (name, value) => {
      for (const task of tasks) this.#listeners.get(task)?.(name, value);
    };
  }

  async #runOneByOne(tasks: readonly Tensors[], sizes: readonly number[], call: PredictOptions) {
    const results: (Tensors | Error)[] = [];
    for (const [index, task] of tasks.entries()) {
      this.reruns++;
      const size = sizes[index] as number;
      const paddedSize = padUp(this.#options.allowedBatchSizes ?? [], size);
      const outcome = await this.#runTogether([task], [size], paddedSize, call).catch(asError);
      results.push(Array.isArray(outcome) ? (outcome[0] as Tensors) : outcome);
    }
    return results;
  }

  #runByHalves(tasks: readonly Tensors[], sizes: readonly number[], call: PredictOptions) {
    return rerunByHalves(tasks.length, (from, to) => {
      this.reruns++;
      const ofHalf = sizes.slice(from, to);
      const size = ofHalf.reduce((sum, rows) => sum + rows, 0);
      const paddedSize = padUp(this.#options.allowedBatchSizes ?? [], size);
      return this.#runTogether(tasks.slice(from, to), ofHalf, paddedSize, call);
    });
  }

  /** Returns whether the inputs of two calls can be joined along dimension 0, padded if that is configured. */
  #joins(first: Tensors, task: Tensors): boolean {
    for (const input of this.#inputs) {
      const { shape } = first[input.name] as Tensor;
      if (!rowsJoin(input, shape, (task[input.name] as Tensor).shape)) return false;
    }
    return true;
  }
}

/** Returns the outcome of a call that ran alone and failed. */
function outcomeOf(error: unknown, { signal }: PredictOptions): "failed" | "aborted" | "expired" {
  if (signal?.aborted) return "aborted";
  return isServingError(error) && error.code === "DEADLINE_EXCEEDED" ? "expired" : "failed";
}

/** Returns the options of the queue of one signature. */
export function queueOptions(
  options: SignatureBatchingOptions,
): BatchQueueOptions<Tensors, Tensors> {
  const { enableLargeBatchSplitting, maxExecutionBatchSize, ...rest } = options;
  const { maxBatchSize = 1000 } = options;
  return {
    ...rest,
    maxBatchSize,
    splitting: enableLargeBatchSplitting
      ? callSplitting(maxExecutionBatchSize ?? maxBatchSize)
      : undefined,
  };
}

function batchedInputs(
  { inputNames, signature }: CallKind,
  options: SignatureBatchingOptions,
): readonly BatchedInput[] {
  return inputNames.map((name) => ({
    name,
    padding: paddingOf(options, name, signature.inputs.get(name)?.dtype),
    shape: signature.inputs.get(name)?.shape ?? null,
  }));
}

/**
 * Returns the error that the calls of a batch share. Its message must not name the inputs of another caller. An
 * unexpected error is returned unchanged, because the server logs its message and responds with an id.
 */
function ofNoCaller(error: unknown, calls: number): unknown {
  if (!isServingError(error) || error.reason === "MODEL_THREW") return error;
  return errors.batchFailed(calls, error);
}

/**
 * Returns whether a call of the batch may have killed the process that ran it. The other calls must not fail with it,
 * so each is run alone once.
 */
function killsBatch(error: unknown): boolean {
  const { cause = error } = error as Error;
  return isServingError(cause) && cause.details.rerun === RERUN_SINGLY;
}
