import { type Clock, systemClock } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  inferenceErrors,
  type PredictOptions,
  type Predictor,
  type Signature,
  settleCall,
  signatureOf,
  type Tensor,
  type TensorSpec,
  type Tensors,
  tensor,
  throwIfEnded,
  validateInputs,
  validateOutputs,
} from "@serving-kit/inference";

/** Options for a FakePredictor. */
export interface FakePredictorOptions {
  /** The factor of `y = a * x + b`. Default 0.5. */
  readonly a?: number;
  /** The summand of `y = a * x + b`. Default 2. */
  readonly b?: number;
  /** Default true. */
  readonly batchable?: boolean;
  /** Duration of a run on the clock in ms. Default: it ends in the same turn. */
  readonly runMs?: number;
  /** Default `systemClock`. */
  readonly clock?: Clock;
}

const VECTOR: TensorSpec = { dtype: "float32", shape: [-1] };
const SIGNATURE: Signature = {
  inputs: new Map([["x", VECTOR]]),
  outputs: new Map([["y", VECTOR]]),
  checksShapes: true,
};

/**
 * A small but real predictor: `y = a * x + b` on `x: float32 [-1]`, "half plus two" by default. It keeps the whole
 * contract of Predictor, takes time on a Clock, and fails on request.
 */
export class FakePredictor implements Predictor, AsyncDisposable {
  readonly signatures: ReadonlyMap<string, Signature> = new Map([[DEFAULT_SIGNATURE, SIGNATURE]]);
  readonly batchable: boolean;
  /** The number of rows of each run, oldest first. */
  readonly runs: number[] = [];
  readonly #options: FakePredictorOptions;
  readonly #underWay = new Set<Promise<unknown>>();
  #failures = 0;
  #failure: unknown;
  #isDisposed = false;

  constructor(options: FakePredictorOptions = {}) {
    this.#options = options;
    this.batchable = options.batchable ?? true;
  }

  /** True if it was disposed. */
  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  /** Makes the next `times` runs fail; by default all runs until `failRuns(0)`. */
  failRuns(
    times = Number.POSITIVE_INFINITY,
    error: unknown = inferenceErrors.predictionFailed("the run failed"),
  ): void {
    this.#failures = times;
    this.#failure = error;
  }

  /** See `Predictor.predict`. */
  async predict(inputs: Tensors, options: PredictOptions = {}): Promise<Tensors> {
    const { clock = systemClock } = this.#options;
    if (this.#isDisposed) throw inferenceErrors.predictorClosed();
    throwIfEnded(options, clock);
    const signature = signatureOf(this, options.signature);
    validateInputs(signature, inputs);
    validateOutputs(signature, options.outputs);

    const run = this.#run(inputs.x as Tensor<"float32">);
    this.#underWay.add(run);
    try {
      return { y: await settleCall(run, options, clock) };
    } finally {
      // A caller that stops waiting does not end the run.
      void run.catch(() => {}).finally(() => this.#underWay.delete(run));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await Promise.allSettled(this.#underWay);
  }

  async #run({ shape, data }: Tensor<"float32">): Promise<Tensor> {
    const { a = 0.5, b = 2, runMs = 0, clock = systemClock } = this.#options;
    this.runs.push(data.length);
    const y = tensor(
      "float32",
      [...shape],
      data.map((x) => a * x + b),
    );
    if (runMs > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, runMs));
    if (this.#failures > 0) {
      this.#failures--;
      throw this.#failure;
    }
    return y;
  }
}
