import { type Clock, servableId, systemClock, unload } from "@serving-kit/core";
import type { PredictOptions, Predictor, Signature, Tensors } from "@serving-kit/inference";
import type { ModelProcessing, ModelProcessor } from "@serving-kit/server";
import { type Deferred, deferred } from "../deferred.js";
import type { PredictorExample } from "../predictor-kit.js";
import type { SuiteOptions } from "../runner.js";
import { DEFAULT_TIMEOUT_MS } from "../waiting.js";

/** Options for `modelProcessorConformance`. */
export interface ModelProcessorConformanceOptions extends SuiteOptions {
  /** Creates a processor. */
  create(): ModelProcessor | Promise<ModelProcessor>;
  /** Loads a new predictor of the same model. The processor takes ownership of it. */
  load(): Promise<Predictor>;
  /** Steps that fit the predictor. */
  readonly processing: ModelProcessing;
  /** Steps that do not fit the predictor. At least one. */
  readonly unfit: readonly ModelProcessing[];
  /** The path of the version, for files that steps name. Default none. */
  readonly path?: string;
  /** Calls of the processed predictor with all outputs. At least two with different outputs. */
  readonly examples: readonly PredictorExample[];
  /** True if the processed predictor is batchable. */
  readonly isBatchable: boolean;
  /** Returns the amount that all predictors hold now, if it can be observed. */
  allocated?(): number;
}

/** The arguments of `process` that a test chooses. */
export interface ProcessChoice {
  readonly processor?: ModelProcessor;
  readonly clock?: Clock;
  /** False: the given predictor is not batchable. */
  readonly isBatchable?: boolean;
}

/** A processed predictor, and the one behind it. Disposal disposes both. */
export interface ProcessedPredictor extends AsyncDisposable {
  readonly given: GivenPredictor;
  readonly result: Predictor;
}

/** Creates predictors from a suite's options, and processes them. */
export class ProcessorStage {
  readonly options: ModelProcessorConformanceOptions;
  readonly timeoutMs: number;

  constructor(options: ModelProcessorConformanceOptions) {
    this.options = options;
    this.timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  /** Loads a predictor to process. */
  async given(isBatchable?: boolean): Promise<GivenPredictor> {
    return new GivenPredictor(await this.options.load(), isBatchable);
  }

  /** Loads a predictor and processes it. */
  async process(choice: ProcessChoice = {}): Promise<ProcessedPredictor> {
    const given = await this.given(choice.isBatchable);
    return this.processGiven(given, structuredClone(this.options.processing), choice);
  }

  /** Processes a predictor. */
  async processGiven(
    given: GivenPredictor,
    processing: ModelProcessing,
    choice: ProcessChoice = {},
  ): Promise<ProcessedPredictor> {
    const { clock = systemClock } = choice;
    const processor = choice.processor ?? (await this.options.create());
    const version = { id: servableId("processed", 1), path: this.options.path ?? "", clock };
    const result = await processor.process(given, processing, version);
    const dispose = async () => {
      given.release();
      await unload(result);
      await given[Symbol.asyncDispose]();
    };
    return { given, result, [Symbol.asyncDispose]: dispose };
  }
}

/** The predictor that a processor receives. It counts disposals, holds back calls and records their options. */
export class GivenPredictor implements Predictor, AsyncDisposable {
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly batchable: boolean;
  /** Number of times that the processor disposed it. */
  disposals = 0;
  /** The options of the last call. */
  lastOptions: PredictOptions = {};
  readonly #inner: Predictor;
  readonly #called = deferred();
  #gate: Deferred<void> | undefined;

  constructor(inner: Predictor, isBatchable = inner.batchable) {
    this.#inner = inner;
    this.signatures = inner.signatures;
    this.batchable = isBatchable;
  }

  /** Resolves at the first call. */
  get called(): Promise<void> {
    return this.#called.promise;
  }

  /** Holds back calls until `release`. */
  hold(): void {
    this.#gate = deferred();
  }

  /** Lets held calls run. */
  release(): void {
    this.#gate?.resolve();
  }

  async predict(inputs: Tensors, options: PredictOptions = {}): Promise<Tensors> {
    this.lastOptions = options;
    this.#called.resolve();
    await this.#gate?.promise;
    return this.#inner.predict(inputs, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposals++;
    await unload(this.#inner);
  }
}
