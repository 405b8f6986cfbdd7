import type { Clock } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  inferenceErrors,
  type NumericDType,
  type PredictOptions,
  type Predictor,
  type RowVerdict,
  type SharedPredictor,
  type Signature,
  settleCall,
  signatureOf,
  type Tensor,
  TensorRecord,
  type Tensors,
  throwIfEnded,
  validateInputs,
  validateOutputs,
} from "@serving-kit/inference";
import { LimitedRuns, NativeExecutor, type SessionHold } from "@serving-kit/native-library";
import type { OnnxRuntime } from "./native/library.js";
import { SessionRunner } from "./native/session-runner.js";
import type { ServedModel } from "./served-model.js";

/** One call of the session. */
interface Call {
  readonly inputs: Tensors;
  /** The session's outputs that the call requests. */
  readonly outputs: readonly string[];
  readonly options: PredictOptions;
}

/** An ONNX model as a Predictor. */
export class OnnxPredictor implements Predictor {
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly batchable: boolean;
  readonly #model: ServedModel;
  readonly #hold: SessionHold;
  readonly #runner: SessionRunner;
  readonly #runs: LimitedRuns<Call, Tensors>;
  readonly #hasOptional: boolean;
  readonly #clock: Clock;
  #closing: Promise<void> | undefined;

  constructor(runtime: OnnxRuntime, model: ServedModel, hold: SessionHold, clock: Clock) {
    this.signatures = new Map([[DEFAULT_SIGNATURE, model.signature]]);
    this.batchable = model.batchable;
    this.#model = model;
    this.#hold = hold;
    const { execution, concurrency } = model;
    const executor = new NativeExecutor({ execution, concurrency, clock });
    this.#runner = new SessionRunner(runtime, executor, model, clock);
    this.#runs = new LimitedRuns({
      limit: concurrency,
      isFree: () => this.#runner.canQueue,
      run: (call) => this.#run(call),
      onTurn: ({ options }) => throwIfEnded(options, clock),
    });
    this.#hasOptional = [...model.signature.inputs.values()].some(({ isOptional }) => isOptional);
    this.#clock = clock;
  }

  /** Returns the verdict on the rows, from the graph. */
  rowsAreIndependent(): RowVerdict {
    return this.#model.rowVerdict;
  }

  async predict(inputs: Tensors, options: PredictOptions = {}): Promise<Tensors> {
    if (this.#closing !== undefined) throw inferenceErrors.predictorClosed();
    throwIfEnded(options, this.#clock);
    const signature = signatureOf(this, options.signature ?? DEFAULT_SIGNATURE);
    validateInputs(signature, inputs);
    const names = options.outputs?.length ? validateOutputs(signature, options.outputs) : undefined;
    const outputs = this.#runs.run({ inputs, outputs: this.#nativeOutputs(names), options });
    if (outputs instanceof Promise) {
      const settled = await settleCall(outputs, options, this.#clock);
      return this.#served(settled, names);
    }
    throwIfEnded(options, this.#clock);
    return this.#served(outputs, names);
  }

  /** Returns memory of ONNX Runtime for an input of 64 KiB or more; undefined for a smaller one. */
  allocate<D extends NumericDType>(dtype: D, shape: readonly number[]): Tensor<D> | undefined {
    return this.#runner.values.show(dtype, shape);
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

  #run({ inputs, outputs, options }: Call): Tensors | Promise<Tensors> {
    return this.#runner.run(inputs, this.#nativeInputs(inputs), outputs, options);
  }

  /** Returns the names of the inputs of a call: optional ones may be absent. */
  #nativeInputs(inputs: Tensors): readonly string[] {
    const { inputs: all } = this.#model;
    if (!this.#hasOptional || all.every((name) => Object.hasOwn(inputs, name))) return all;
    return all.filter((name) => Object.hasOwn(inputs, name));
  }

  /** Returns the session's outputs that are needed for the requested outputs. */
  #nativeOutputs(names: readonly string[] | undefined): readonly string[] {
    const { labels, outputs } = this.#model;
    if (names === undefined) return outputs;
    return [...new Set(names.map((name) => labels.get(name)?.of ?? name))];
  }

  /** Returns the requested outputs, including labels. */
  #served(outputs: Tensors, names: readonly string[] | undefined): Tensors {
    const { labels } = this.#model;
    if (labels.size === 0) return outputs;
    const served = new TensorRecord();
    for (const name of names ?? this.#model.signature.outputs.keys()) {
      const label = labels.get(name);
      served[name] =
        label === undefined ? (outputs[name] as Tensor) : repeat(label.values, outputs[label.of]);
    }
    return served;
  }

  async #close(): Promise<void> {
    this.#hold.close();
    const idle = this.#runs.idle();
    if (idle !== undefined) await idle;
    this.#runner.close();
    await this.#hold.release();
  }
}

/** Repeats a row of labels for each row of a matrix. */
function repeat(
  { dtype, values }: { dtype: "int64" | "string"; values: readonly (bigint | Uint8Array)[] },
  matrix: Tensor | undefined,
): Tensor {
  const rows = matrix?.shape.length === 2 ? (matrix.shape[0] as number) : 1;
  const shape = [rows, values.length];
  const at = (i: number) => values[i % values.length];
  const count = rows * values.length;
  const data =
    dtype === "string"
      ? Array.from({ length: count }, (_, i) => Uint8Array.from(at(i) as Uint8Array))
      : BigInt64Array.from({ length: count }, (_, i) => at(i) as bigint);
  return { dtype, shape, data } as Tensor;
}
