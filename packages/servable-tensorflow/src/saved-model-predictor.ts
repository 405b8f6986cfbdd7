import type { Clock } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  inferenceErrors,
  type NumericDType,
  type PredictOptions,
  type Predictor,
  type PredictorState,
  type RowVerdict,
  type SharedPredictor,
  type Signature,
  settleCall,
  signatureOf,
  type Tensor,
  type Tensors,
  throwIfEnded,
  validateInputs,
  validateOutputs,
} from "@serving-kit/inference";
import {
  type Execution,
  LimitedRuns,
  NativeExecutor,
  type SessionHold,
  signalHold,
} from "@serving-kit/native-library";
import type { TensorFlow } from "./native/library.js";
import type { SignatureTensors } from "./native/saved-model-session.js";
import { SessionRunner } from "./native/session-runner.js";
import { TensorMemory } from "./native/tensor-memory.js";
import type { RunTraits } from "./run-traits.js";

/** The facts about a predictor's model: a plain object, to share with other threads. */
export interface ServedModel {
  readonly path: string;
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly uncallable: ReadonlyMap<string, Signature>;
  readonly defaults: ReadonlyMap<string, ReadonlyMap<string, Tensor>>;
  readonly batchable: boolean;
  /** The traits of the runs of each signature. */
  readonly traits: ReadonlyMap<string, RunTraits>;
  /** The verdict on the rows of each signature, from the graph. */
  readonly rowVerdicts: ReadonlyMap<string, RowVerdict>;
  /** The address of the TF_Session. */
  readonly session: bigint;
  readonly tensors: ReadonlyMap<string, SignatureTensors>;
  readonly execution: Execution;
  readonly concurrency: number;
  /** True if the ops of a run stay on the caller's thread. */
  readonly usesCallerThread: boolean;
}

/** One call of a signature. */
interface Call {
  readonly runner: SessionRunner;
  readonly inputs: Tensors;
  readonly outputs: readonly string[];
  readonly options: PredictOptions;
}

/** A SavedModel as a Predictor. */
export class SavedModelPredictor implements Predictor {
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly uncallable?: ReadonlyMap<string, Signature>;
  readonly batchable: boolean;
  readonly state?: PredictorState;
  readonly #model: ServedModel;
  readonly #hold: SessionHold;
  readonly #memory: TensorMemory;
  readonly #runners: ReadonlyMap<string, SessionRunner>;
  readonly #runs: LimitedRuns<Call, Tensors>;
  readonly #clock: Clock;
  #closing: Promise<void> | undefined;

  constructor({ bindings }: TensorFlow, model: ServedModel, hold: SessionHold, clock: Clock) {
    const { execution, traits, concurrency } = model;
    const executor = new NativeExecutor({ execution, concurrency, signals: signalHold(), clock });
    this.signatures = model.signatures;
    if (model.uncallable.size > 0) this.uncallable = model.uncallable;
    this.batchable = model.batchable;
    const movesState = [...traits.values()].some((one) => one.movesState);
    if (movesState) this.state = "keep";
    this.#model = model;
    this.#hold = hold;
    this.#memory = new TensorMemory(bindings);
    this.#runners = new Map(
      [...model.tensors].map(([name, tensors]) => [
        name,
        new SessionRunner(
          bindings,
          executor,
          model,
          { name, tensors, traits: traits.get(name) },
          clock,
        ),
      ]),
    );
    this.#runs = new LimitedRuns({
      limit: concurrency,
      isFree: ({ runner }) => runner.canQueue,
      run: ({ runner, inputs, outputs, options }) => runner.run(inputs, outputs, options),
      onTurn: ({ options }) => throwIfEnded(options, clock),
    });
    this.#clock = clock;
  }

  rowsAreIndependent(signature: string): RowVerdict {
    const verdict = this.#model.rowVerdicts.get(signature);
    return verdict ?? { verdict: "unknown", reason: "there is no such signature" };
  }

  async predict(inputs: Tensors, options: PredictOptions = {}): Promise<Tensors> {
    const { signature: name = DEFAULT_SIGNATURE } = options;
    if (this.#closing !== undefined) throw inferenceErrors.predictorClosed();
    throwIfEnded(options, this.#clock);
    const signature = signatureOf(this, name);
    validateInputs(signature, inputs);
    const runner = this.#runners.get(name) as SessionRunner;
    const names =
      options.outputs?.length || signature.opaqueOutputs
        ? // A name that occurs twice is fetched once: there is room for as many results as outputs.
          [...new Set(validateOutputs(signature, options.outputs))]
        : runner.outputNames;
    const complete = this.#withDefaults(name, inputs);
    const outputs = this.#runs.run({ runner, inputs: complete, outputs: names, options });
    if (outputs instanceof Promise) return settleCall(outputs, options, this.#clock);
    throwIfEnded(options, this.#clock);
    return outputs;
  }

  /** Returns memory of TensorFlow for an input of 64 KiB or more; undefined for a smaller one. */
  allocate<D extends NumericDType>(dtype: D, shape: readonly number[]): Tensor<D> | undefined {
    return this.#memory.show(dtype, shape);
  }

  /** Returns a token from which the platform's `attach` makes a predictor in another thread, on the same session. */
  share(): SharedPredictor {
    if (this.#closing !== undefined) throw inferenceErrors.predictorClosed();
    return this.#hold.share();
  }

  /** Releases the session for threads that attached the token and ended without releasing it. */
  unshare(shared: SharedPredictor): void {
    this.#hold.unshare(shared);
  }

  /** Waits for the calls in flight, here and in the threads that share the session; then frees the session. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #withDefaults(name: string, inputs: Tensors): Tensors {
    const defaults = this.#model.defaults.get(name);
    if (defaults === undefined || defaults.size === 0) return inputs;
    return { ...Object.fromEntries(defaults), ...inputs };
  }

  async #close(): Promise<void> {
    this.#hold.close();
    const idle = this.#runs.idle();
    if (idle !== undefined) await idle;
    for (const runner of this.#runners.values()) runner.close();
    await this.#hold.release();
  }
}
