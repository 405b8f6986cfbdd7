import { type Clock, InFlight, turn } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  inferenceErrors,
  type PredictOptions,
  type Predictor,
  type RowVerdict,
  type SharedPredictor,
  type Signature,
  settleCall,
  type Tensor,
  TensorRecord,
  type Tensors,
  throwIfEnded,
  validateInputs,
  validateOutputs,
} from "@serving-kit/inference";
import { errors } from "./errors.js";
import type { Runner } from "./kernel/runner.js";
import { allocateOutput, type Job, MAX_OUTPUT_ELEMENTS, type OutputData } from "./predict/job.js";
import type { RowSource } from "./predict/row-source.js";

/** Options for a predictor. */
export interface TreePredictorOptions {
  readonly jobs: ReadonlyMap<string, Job>;
  /** The runner, which the predictor closes. Undefined for a linear model. */
  readonly runner: Runner | undefined;
  /** The clock of deadlines. */
  readonly clock: Clock;
  /** The functions behind `share`. */
  readonly share: () => SharedPredictor;
}

/** A model of decision trees, or a linear one, as a Predictor. */
export class TreePredictor implements Predictor {
  readonly signatures: ReadonlyMap<string, Signature>;
  /** Rows are independent. */
  readonly batchable = true;
  readonly #options: TreePredictorOptions;
  readonly #inFlight = new InFlight();
  #closing: Promise<void> | undefined;

  constructor(options: TreePredictorOptions) {
    this.#options = options;
    this.signatures = new Map([...options.jobs].map(([name, { signature }]) => [name, signature]));
  }

  /** Trees are walked separately for each row. */
  rowsAreIndependent(): RowVerdict {
    return { verdict: "independent", reason: "trees are walked for each row by itself" };
  }

  async predict(inputs: Tensors, options: PredictOptions = {}): Promise<Tensors> {
    const { jobs, clock } = this.#options;
    if (this.#closing !== undefined) throw inferenceErrors.predictorClosed();
    throwIfEnded(options, clock);
    const name = options.signature ?? DEFAULT_SIGNATURE;
    const job = jobs.get(name);
    if (job === undefined) throw inferenceErrors.signatureNotFound(name, jobs.keys());
    validateInputs(job.signature, inputs);
    if (options.outputs !== undefined) validateOutputs(job.signature, options.outputs);
    const source = job.open(inputs);
    const data = this.#allocate(job, source.rows);
    const units = source.rows * job.unitsPerRow;
    if (units <= job.unitsPerSlice) {
      job.run(source, 0, units, data);
      if (options.deadlineAtMs !== undefined) throwIfEnded(options, clock);
    } else await settleCall(this.#runSlices(job, source, data, options), options, clock);
    const outputs = new TensorRecord();
    const { dtype } = job.output;
    outputs[job.output.name] = { dtype, shape: [source.rows, ...job.extents], data } as Tensor;
    return outputs;
  }

  /** Returns a token from which `attach` of the platform, in another thread, creates a predictor on the same memory. */
  share(): SharedPredictor {
    if (this.#closing !== undefined) throw inferenceErrors.predictorClosed();
    return this.#options.share();
  }

  /** Waits for the calls in flight, then frees the memory of this thread. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #allocate(job: Job, rows: number): OutputData {
    const length = rows * job.perRow;
    if (length > MAX_OUTPUT_ELEMENTS) {
      throw errors.outputTooLarge(job.output.name, rows, job.perRow, MAX_OUTPUT_ELEMENTS);
    }
    return allocateOutput(job, length);
  }

  async #runSlices(
    job: Job,
    source: RowSource,
    data: OutputData,
    options: PredictOptions,
  ): Promise<void> {
    const units = source.rows * job.unitsPerRow;
    this.#inFlight.begin();
    try {
      for (let first = 0; first < units; first += job.unitsPerSlice) {
        if (first > 0) await turn();
        throwIfEnded(options, this.#options.clock);
        job.run(source, first, Math.min(job.unitsPerSlice, units - first), data);
      }
      throwIfEnded(options, this.#options.clock);
    } finally {
      this.#inFlight.end();
    }
  }

  async #close(): Promise<void> {
    await this.#inFlight.idle();
    this.#options.runner?.close();
  }
}
