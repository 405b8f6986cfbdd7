import { type Clock, messageOf } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  inferenceErrors,
  type Measure,
  type PredictOptions,
  type Predictor,
  type Signature,
  signatureOf,
  type Tensors,
  throwIfEnded,
  validateInputs,
  validateOutputs,
} from "@serving-kit/inference";
import { errors } from "../errors.js";
import { measuresOf } from "../measures.js";
import type { WorkerPool } from "../pool/worker-pool.js";
import { readTensors, writeTensors } from "../protocol/tensor-parts.js";
import type { CallHeader } from "../protocol/worker-protocol.js";
import type { WorkerLog } from "../worker/worker-log.js";
import { answerOf } from "./answer-of.js";

/** A model with signatures, in workers. */
export class TensorPredictor implements Predictor {
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly batchable: boolean;
  readonly #pool: WorkerPool;
  readonly #clock: Clock;
  readonly #log: WorkerLog;
  #isClosed = false;

  constructor(
    pool: WorkerPool,
    model: { readonly signatures: ReadonlyMap<string, Signature>; readonly batchable: boolean },
    { clock, log }: { readonly clock: Clock; readonly log: WorkerLog },
  ) {
    this.signatures = model.signatures;
    this.batchable = model.batchable;
    this.#pool = pool;
    this.#clock = clock;
    this.#log = log;
  }

  async predict(inputs: Tensors, options: PredictOptions = {}): Promise<Tensors> {
    if (this.#isClosed) throw inferenceErrors.predictorClosed();
    throwIfEnded(options, this.#clock);
    const { signature = DEFAULT_SIGNATURE, outputs } = options;
    const known = signatureOf(this, signature);
    validateInputs(known, inputs);
    if (outputs?.length) validateOutputs(known, outputs);
    const { tensors, parts } = writeTensors(inputs);
    // Without a spread, because V8 creates slow objects from literals with a spread.
    const call: CallHeader = outputs?.length
      ? { kind: "predict", signature, tensors, outputs }
      : { kind: "predict", signature, tensors };
    const reply = await this.#pool.call(call, parts, options);
    const answer = answerOf(reply, this.#log);
    try {
      return readTensors(answer.tensors ?? [], reply.body);
    } catch (error) {
      throw errors.outputUnfit(messageOf(error));
    }
  }

  measures(): readonly Measure[] {
    return measuresOf(this.#pool);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#pool[Symbol.asyncDispose]();
  }
}
