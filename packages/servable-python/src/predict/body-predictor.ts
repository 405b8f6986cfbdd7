import type { Clock } from "@serving-kit/core";
import {
  type BodyAnswer,
  DEFAULT_SIGNATURE,
  inferenceErrors,
  type Measure,
  type PredictOptions,
  type Predictor,
  type RespondOptions,
  SERVING_JSON,
  type Signature,
  TensorRecord,
  type Tensors,
  throwIfEnded,
} from "@serving-kit/inference";
import { measuresOf } from "../measures.js";
import type { WorkerPool } from "../pool/worker-pool.js";
import type { WorkerLog } from "../worker/worker-log.js";
import { answerOf } from "./answer-of.js";
import { tensorsOf } from "./body-to-tensors.js";
import { isRefusal, refusalOf } from "./refusal.js";
import { bodyOf } from "./tensors-to-body.js";

/** A model in workers that responds to bodies of TF Serving's REST API: S13 to S16 of `Predictor`. */
export class BodyPredictor implements Predictor {
  readonly signatures: ReadonlyMap<string, Signature> = new Map();
  readonly batchable = false;
  readonly #pool: WorkerPool;
  readonly #clock: Clock;
  readonly #log: WorkerLog;
  #isClosed = false;

  constructor(
    pool: WorkerPool,
    { clock, log }: { readonly clock: Clock; readonly log: WorkerLog },
  ) {
    this.#pool = pool;
    this.#clock = clock;
    this.#log = log;
  }

  async respond(
    body: Uint8Array,
    format: string,
    options: RespondOptions = {},
  ): Promise<BodyAnswer> {
    if (this.#isClosed) throw inferenceErrors.predictorClosed();
    throwIfEnded(options, this.#clock);
    if (format !== SERVING_JSON) throw inferenceErrors.formatUnsupported(format, SERVING_JSON);
    const reply = await this.#pool.call({ kind: "respond" }, [body], options);
    answerOf(reply, this.#log);
    return { body: reply.body, isRefusal: isRefusal(reply.body) };
  }

  async predict(inputs: Tensors, options: PredictOptions = {}): Promise<Tensors> {
    const { signature = DEFAULT_SIGNATURE, outputs } = options;
    const answer = await this.respond(bodyOf(inputs, signature), SERVING_JSON, options);
    if (answer.isRefusal) throw inferenceErrors.requestRefused(refusalOf(answer.body));
    const tensors = tensorsOf(answer.body, inputs);
    if (!outputs?.length) return tensors;
    const requested = new TensorRecord();
    for (const name of outputs) {
      const tensor = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
      if (tensor === undefined) throw inferenceErrors.outputNotFound(name, Object.keys(tensors));
      requested[name] = tensor;
    }
    return requested;
  }

  measures(): readonly Measure[] {
    return measuresOf(this.#pool);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#pool[Symbol.asyncDispose]();
  }
}
