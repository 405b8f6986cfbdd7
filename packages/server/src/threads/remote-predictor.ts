import { type Clock, InFlight, type ServableId } from "@serving-kit/core";
import {
  type BodyAnswer,
  DEFAULT_SIGNATURE,
  inferenceErrors,
  type PredictOptions,
  type Predictor,
  type RespondOptions,
  type Signature,
  type Tensors,
  validateInputs,
} from "@serving-kit/inference";
import type { LoopMethods, MainMethods, ReplicaOrigin } from "./loop-messages.js";
import type { ThreadChannel } from "./thread-channel.js";
import { moveBody, moveTensors, readTensors } from "./thread-tensors.js";

/** The predictor of a version that cannot be shared: its calls run in the main thread. */
export class RemotePredictor implements Predictor {
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly uncallable: Predictor["uncallable"];
  readonly batchable: boolean;
  readonly state: Predictor["state"];
  readonly respond?: NonNullable<Predictor["respond"]>;
  readonly #id: ServableId;
  readonly #main: ThreadChannel<LoopMethods, MainMethods>;
  readonly #clock: Clock;
  readonly #inFlight = new InFlight();
  #isClosed = false;
  #disposed: Promise<void> | undefined;

  constructor(
    id: ServableId,
    origin: ReplicaOrigin & { readonly kind: "remote" },
    main: ThreadChannel<LoopMethods, MainMethods>,
    clock: Clock,
  ) {
    this.signatures = origin.signatures;
    this.uncallable = origin.uncallable;
    this.batchable = origin.batchable;
    this.state = origin.state;
    this.#id = id;
    this.#main = main;
    this.#clock = clock;
    if (origin.responds) this.respond = (...call) => this.#respond(...call);
  }

  async predict(inputs: Tensors, options: PredictOptions = {}): Promise<Tensors> {
    const { signature = DEFAULT_SIGNATURE, outputs, deadlineAtMs = Infinity } = options;
    const { signal, onFact } = options;
    if (this.#isClosed) throw inferenceErrors.predictorClosed();
    signal?.throwIfAborted();
    const known = this.signatures.get(signature);
    // A call that does not fit fails here without a message; an unknown signature is left to the predictor itself.
    if (known !== undefined) validateInputs(known, inputs);
    const leftMs = this.#leftMs(deadlineAtMs);
    const { value, transfer } = moveTensors(inputs);
    const call = {
      ...{ id: this.#id, inputs: value, signature },
      ...(outputs && { outputs }),
      ...(leftMs !== Infinity && { leftMs }),
      ...(onFact && { wantsFacts: true as const }),
    };
    const answer = await this.#counted(
      this.#main.call("predict", call, { signal, transfer, onFact }),
    );
    // The answer was in time on the main thread's clock, and may have waited in the channel.
    this.#leftMs(deadlineAtMs);
    return readTensors(answer);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#disposed ??= this.#inFlight.idle() ?? Promise.resolve();
    return this.#disposed;
  }

  async #counted<T>(call: Promise<T>): Promise<T> {
    this.#inFlight.begin();
    try {
      return await call;
    } finally {
      this.#inFlight.end();
    }
  }

  async #respond(
    body: Uint8Array,
    format: string,
    { deadlineAtMs = Infinity, signal, onFact }: RespondOptions = {},
  ): Promise<BodyAnswer> {
    if (this.#isClosed) throw inferenceErrors.predictorClosed();
    const leftMs = this.#leftMs(deadlineAtMs);
    const { value, transfer } = moveBody(body, (moved) => ({
      ...{ id: this.#id, body: moved, format },
      ...(leftMs !== Infinity && { leftMs }),
      ...(onFact && { wantsFacts: true as const }),
    }));
    return this.#counted(this.#main.call("respond", value, { signal, transfer, onFact }));
  }

  #leftMs(deadlineAtMs: number): number {
    const leftMs = deadlineAtMs - this.#clock.now();
    if (leftMs <= 0) throw inferenceErrors.deadlineExceeded();
    return leftMs;
  }
}
