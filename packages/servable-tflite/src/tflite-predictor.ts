import type { Clock } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  inferenceErrors,
  type PredictOptions,
  type Predictor,
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
import { errors } from "./errors.js";
import { isBatchable, type ModelSignature, toSignature } from "./model-file.js";
import { OK } from "./native/bindings.js";
import type { Interpreter } from "./native/interpreter.js";
import { InterpreterPool, type InterpreterPoolOptions } from "./native/interpreter-pool.js";
import type { NativeModel } from "./native/model.js";
import { dequantize, isQuantized, quantize, toFloatSpec } from "./quantization.js";

/** How a predictor runs its model. */
export interface TflitePredictorOptions extends InterpreterPoolOptions {
  readonly dequantize: boolean;
  /** The time that deadlines refer to. */
  readonly clock: Clock;
  /** What `share` of the predictor gives. */
  readonly share: () => SharedPredictor;
}

/** A `.tflite` model as a Predictor. Owns the native model and its interpreters. */
export class TflitePredictor implements Predictor {
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly batchable: boolean;
  readonly #model: NativeModel;
  readonly #pool: InterpreterPool;
  readonly #dequantize: boolean;
  readonly #share: () => SharedPredictor;
  readonly #clock: Clock;
  #running = 0;
  #onIdle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  private constructor(model: NativeModel, pool: InterpreterPool, options: TflitePredictorOptions) {
    this.#model = model;
    this.#pool = pool;
    this.#share = options.share;
    this.#clock = options.clock;
    const { signatures } = model.file;
    const specs = [...signatures.values()].flatMap((s) => [...s.inputs, ...s.outputs]);
    this.#dequantize = options.dequantize && specs.some(({ spec }) => isQuantized(spec));
    this.signatures = new Map(
      [...signatures].map(([name, signature]) => [name, this.#toBorder(toSignature(signature))]),
    );
    this.batchable = isBatchable(model.file);
  }

  /** Takes the model over: it is closed with the predictor, and when this fails. */
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

  predict(inputs: Tensors, options: PredictOptions = {}): Promise<Tensors> {
    return settleCall(this.#predict(inputs, options), options, this.#clock);
  }

  /** What `attach` of the platform, in another thread, makes a predictor on the same bytes of. */
  share(): SharedPredictor {
    if (this.#closing !== undefined) throw inferenceErrors.predictorClosed();
    return this.#share();
  }

  /** Waits for the calls in flight, then frees everything but the bytes that other threads share. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #predict(inputs: Tensors, options: PredictOptions): Promise<Tensors> {
    const { signatureName = DEFAULT_SIGNATURE, signal } = options;
    if (this.#closing !== undefined) throw inferenceErrors.predictorClosed();
    throwIfEnded(options, this.#clock);
    const spec = this.signatures.get(signatureName);
    const signature = this.#model.file.signatures.get(signatureName);
    if (spec === undefined || signature === undefined) {
      throw inferenceErrors.signatureNotFound(signatureName, this.signatures.keys());
    }
    if (signature.subgraph !== 0) this.#refuseSubgraph(signatureName, signature);
    validateInputs(spec, inputs);
    checkShapes(spec, inputs);
    const names = options.outputs && validateOutputs(spec, options.outputs);
    const tensors = this.#dequantize ? quantizeAll(inputs, signature) : inputs;
    let interpreter: Interpreter | undefined;
    this.#running++;
    try {
      interpreter = this.#pool.takeFitting(signature.inputs, tensors);
      if (interpreter === undefined) {
        interpreter = this.#pool.take() ?? (await this.#pool.wait(signal));
        throwIfEnded(options, this.#clock);
      }
      if (!interpreter.fits(signature.inputs, tensors)) {
        const lent = interpreter;
        interpreter = undefined;
        interpreter = await this.#pool.reshape(lent, signature.inputs, tensors);
      }
      interpreter.write(signature.inputs, tensors);
      const status = interpreter.invoke();
      if ((typeof status === "number" ? status : await status) !== OK) {
        throw inferenceErrors.predictionFailed(interpreter.takeMessages());
      }
      const outputs = interpreter.read(signature, names);
      return this.#dequantize ? dequantizeAll(outputs, signature) : outputs;
    } finally {
      if (interpreter !== undefined) this.#pool.put(interpreter);
      this.#running--;
      if (this.#running === 0) this.#onIdle?.();
    }
  }

  #refuseSubgraph(name: string, { subgraph }: ModelSignature): never {
    const callable = [...this.#model.file.signatures]
      .filter(([, signature]) => signature.subgraph === 0)
      .map(([key]) => key);
    throw errors.signatureOnSubgraph(name, subgraph, callable);
  }

  #toBorder(signature: Signature): Signature {
    if (!this.#dequantize) return signature;
    const toFloat = (specs: ReadonlyMap<string, TensorSpec>) =>
      new Map([...specs].map(([name, spec]) => [name, toFloatSpec(spec)]));
    return { inputs: toFloat(signature.inputs), outputs: toFloat(signature.outputs) };
  }

  async #close(): Promise<void> {
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    await this.#pool.close();
    this.#model.close();
  }
}

/**
 * Throws TENSOR_SHAPE_MISMATCH (INVALID_ARGUMENT) for another rank or another fixed extent than the file's.
 * TensorFlow Lite itself does not check them on every path.
 */
function checkShapes({ inputs }: Signature, tensors: Tensors): void {
  for (const [name, { shape }] of inputs) {
    const given = (tensors[name] as Tensor).shape;
    if (shape !== null && !shapeFits(shape, given)) {
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
