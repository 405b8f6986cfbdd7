import type { Clock } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  type Delegation,
  inferenceErrors,
  type PredictOptions,
  type Predictor,
  type PredictorState,
  type RowVerdict,
  type SharedPredictor,
  type Signature,
  settleCall,
  shapeFits,
  type Tensor,
  type TensorSpec,
  type Tensors,
  throwIfEnded,
  validateInputs,
  validateOutputs,
} from "@serving-kit/inference";
import { returnFreedMemory } from "@serving-kit/native-library";
import { CallsInFlight } from "./calls-in-flight.js";
import { errors } from "./errors.js";
import { parseInputs } from "./examples/example-inputs.js";
import { isBatchable } from "./model-file.js";
import { type ModelSignature, toSignature } from "./model-signature.js";
import { OK } from "./native/bindings.js";
import type { Interpreter } from "./native/interpreter.js";
import { InterpreterPool, type InterpreterPoolOptions } from "./native/interpreter-pool.js";
import type { NativeModel } from "./native/model.js";
import type { OperandGuard } from "./operands/operand-guard.js";
import { dequantize, isQuantized, quantize, toFloatSpec } from "./quantization.js";
import { withOpenBatch } from "./row-independence.js";

/** Options for running a model. */
export interface TflitePredictorOptions extends InterpreterPoolOptions {
  readonly dequantize: boolean;
  /** True if inputs may have other extents than the file's. */
  readonly resizesFixed: boolean;
  /** True if the rows of a model with a fixed batch of 1 are independent: then it accepts any batch. */
  readonly hasIndependentRows: boolean;
  /** The clock of deadlines. */
  readonly clock: Clock;
  /** The guards of signatures that need one, by name. */
  readonly guards: ReadonlyMap<string, OperandGuard>;
  /** The verdict on the rows of each signature, from the graph. */
  readonly rowVerdicts: ReadonlyMap<string, RowVerdict>;
  /** The implementation of the predictor's `share`. */
  readonly share: () => SharedPredictor;
}

/** A `.tflite` model as a Predictor. Owns the native model and its interpreters. */
export class TflitePredictor implements Predictor {
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly batchable: boolean;
  readonly state?: PredictorState;
  /** Returns a token from which the platform's `attach` makes a predictor in another thread, on the same bytes. */
  readonly share?: () => SharedPredictor;
  readonly #model: NativeModel;
  readonly #pool: InterpreterPool;
  readonly #dequantize: boolean;
  readonly #resizesFixed: boolean;
  readonly #clock: Clock;
  readonly #guards: ReadonlyMap<string, OperandGuard>;
  readonly #calls: CallsInFlight;
  readonly #rowVerdicts: ReadonlyMap<string, RowVerdict>;
  #closing: Promise<void> | undefined;

  private constructor(model: NativeModel, pool: InterpreterPool, options: TflitePredictorOptions) {
    this.#model = model;
    this.#pool = pool;
    this.#clock = options.clock;
    this.#guards = options.guards;
    this.#rowVerdicts = options.rowVerdicts;
    this.#resizesFixed = options.resizesFixed;
    this.#calls = new CallsInFlight(options.clock);
    const { signatures } = model.file;
    const specs = [...signatures.values()].flatMap((s) => [...s.inputs, ...s.outputs]);
    this.#dequantize = options.dequantize && specs.some(({ spec }) => isQuantized(spec));
    const describe = (name: string, signature: ModelSignature) => {
      const described = this.#toBorder(toSignature(name, signature));
      return options.hasIndependentRows ? withOpenBatch(described) : described;
    };
    this.signatures = new Map(
      [...signatures].map(([name, signature]) => [name, describe(name, signature)]),
    );
    if (model.file.state !== "none") this.state = options.keepsState ? "keep" : "fresh";
    const hasRows = isBatchable(model.file) || options.hasIndependentRows;
    this.batchable = hasRows && this.state !== "keep";
    // Another thread would have its own interpreters, and therefore its own variables.
    if (this.state !== "keep") {
      this.share = () => {
        if (this.#closing !== undefined) throw inferenceErrors.predictorClosed();
        return options.share();
      };
    }
  }

  /** Takes ownership of the model: it is closed with the predictor, or if this fails. */
  static async create(
    model: NativeModel,
    options: TflitePredictorOptions,
  ): Promise<TflitePredictor> {
    try {
      return new TflitePredictor(model, await InterpreterPool.create(model, options), options);
    } catch (error) {
      model.close();
      throw error;
    }
  }

  /** Returns the verdict on the rows of a signature, from the graph. */
  rowsAreIndependent(signature: string): RowVerdict {
    const verdict = this.#rowVerdicts.get(signature);
    return verdict ?? { verdict: "unknown", reason: "there is no such signature" };
  }

  predict(inputs: Tensors, options: PredictOptions = {}): Promise<Tensors> {
    return settleCall(this.#predict(inputs, options), options, this.#clock);
  }

  /** Waits for the calls in flight, then frees everything except the bytes that other threads share. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The operators that XNNPACK runs. Undefined if it is off, or before the first shapes are known. */
  get delegation(): Delegation | undefined {
    return this.#pool.delegation;
  }

  /** Returns whether the runtime can run a signature. */
  canRun(name: string): boolean {
    const { file, tflite } = this.#model;
    return tflite.hasSignatureRunners || file.signatures.get(name)?.subgraph === 0;
  }

  /** Discards the values that warm-up runs left in variables that calls keep. */
  async forgetWarmUp(): Promise<void> {
    if (this.state === "keep") await this.#pool.renew();
  }

  /** Stops waiting for the runs on threads, which may never end. Each frees its interpreter when it ends. */
  giveUpRuns(): void {
    for (const _ of this.#calls.giveUp()) this.#pool.forgetOne();
  }

  async #predict(inputs: Tensors, options: PredictOptions): Promise<Tensors> {
    const { signature: name = DEFAULT_SIGNATURE } = options;
    if (this.#closing !== undefined) throw inferenceErrors.predictorClosed();
    throwIfEnded(options, this.#clock);
    const spec = this.signatures.get(name);
    const signature = this.#model.file.signatures.get(name);
    if (spec === undefined || signature === undefined) {
      throw inferenceErrors.signatureNotFound(name, this.signatures.keys());
    }
    if (!this.canRun(name)) this.#refuseSubgraph(name, signature);
    validateInputs(spec, inputs);
    checkShapes(spec, inputs, this.#resizesFixed);
    const names = options.outputs && validateOutputs(spec, options.outputs);
    const parsed = parseInputs(signature, inputs);
    const tensors = this.#dequantize ? quantizeAll(parsed, signature) : parsed;
    this.#guards.get(name)?.check(tensors);
    let interpreter: Interpreter | undefined;
    this.#calls.begin();
    try {
      interpreter = this.#pool.takeFitting(signature, tensors);
      interpreter ??= await this.#takeAndReshape(signature, tensors, options);
      interpreter.write(signature, tensors);
      const run = interpreter.invoke(signature, options);
      const status =
        typeof run === "number" ? run : await this.#calls.settled(interpreter, run, options);
      if (status !== OK) {
        throwIfEnded(options, this.#clock); // the run was stopped
        throw inferenceErrors.predictionFailed(interpreter.takeMessages());
      }
      const outputs = interpreter.read(signature, names);
      return this.#dequantize ? dequantizeAll(outputs, signature) : outputs;
    } finally {
      this.#ended(interpreter);
    }
  }

  /** Waits for a free interpreter and allocates its tensors for these inputs. */
  async #takeAndReshape(
    signature: ModelSignature,
    tensors: Tensors,
    options: PredictOptions,
  ): Promise<Interpreter> {
    const interpreter = this.#pool.take() ?? (await this.#pool.wait(options.signal));
    try {
      throwIfEnded(options, this.#clock);
    } catch (error) {
      this.#pool.put(interpreter);
      throw error;
    }
    if (interpreter.fits(signature, tensors)) return interpreter;
    return this.#pool.reshape(interpreter, signature, tensors);
  }

  #ended(interpreter: Interpreter | undefined): void {
    if (interpreter !== undefined) {
      if (this.#calls.closeGivenUp(interpreter)) return;
      this.#pool.put(interpreter);
    }
    this.#calls.end();
  }

  #refuseSubgraph(name: string, { subgraph }: ModelSignature): never {
    const callable = [...this.#model.file.signatures]
      .filter(([, signature]) => signature.subgraph === 0)
      .map(([key]) => key);
    throw errors.signatureOnSubgraph(name, subgraph, this.#model.libraryName, callable);
  }

  #toBorder(signature: Signature): Signature {
    if (!this.#dequantize) return signature;
    const toFloat = (specs: ReadonlyMap<string, TensorSpec>) =>
      new Map([...specs].map(([name, spec]) => [name, toFloatSpec(spec)]));
    const { inputs, outputs, aliases } = signature;
    return {
      ...signature,
      inputs: toFloat(inputs),
      outputs: toFloat(outputs),
      ...(aliases && { aliases: aliases.map((alias) => this.#toBorder(alias)) }),
    };
  }

  async #close(): Promise<void> {
    await this.#calls.idle();
    await this.#pool.close();
    this.#calls.whenFreed(() => this.#model.close());
    await returnFreedMemory();
  }
}

/**
 * Throws TENSOR_SHAPE_MISMATCH (INVALID_ARGUMENT) if the rank differs from the file's, or if a fixed extent differs and
 * is not resized. TensorFlow Lite itself does not check them on every path.
 */
function checkShapes({ inputs }: Signature, tensors: Tensors, resizesFixed: boolean): void {
  for (const [name, { shape }] of inputs) {
    const given = (tensors[name] as Tensor).shape;
    const isResized = resizesFixed && shape?.length === given.length;
    if (shape !== null && !isResized && !shapeFits(shape, given)) {
      throw inferenceErrors.shapeMismatch(name, shape, given);
    }
  }
}

function quantizeAll(tensors: Tensors, { inputs }: ModelSignature): Tensors {
  return Object.fromEntries(
    inputs.map(({ name, spec }) => [
      name,
      isQuantized(spec)
        ? quantize(tensors[name] as Tensor<"float32">, spec)
        : (tensors[name] as Tensor),
    ]),
  );
}

function dequantizeAll(tensors: Tensors, { outputs }: ModelSignature): Tensors {
  return Object.fromEntries(
    outputs
      .filter(({ name }) => Object.hasOwn(tensors, name))
      .map(({ name, spec }) => [name, dequantize(tensors[name] as Tensor, spec)]),
  );
}
