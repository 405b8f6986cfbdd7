import {
  type Clock,
  InFlight,
  isServingError,
  messageOf,
  settleBy,
  systemClock,
  unload,
} from "@serving-kit/core";
import { anyTensors, takesAnyTensors } from "./any-tensor.js";
import { checkPredictor } from "./check-predictor.js";
import { errors } from "./errors.js";
import { GuardedSignature } from "./guarded-signature.js";
import { runAsModel, runningModel } from "./model-scope.js";
import { passOn } from "./pass-on.js";
import { signaturesOf } from "./plain-predictor.js";
import type { BodyAnswer, PredictOptions, Predictor, RespondOptions } from "./predictor.js";
import type { PredictorLike } from "./predictor-like.js";
import { settleCall, throwIfEnded } from "./settle-call.js";
import { DEFAULT_SIGNATURE, type Signature } from "./signature.js";
import type { Tensors } from "./tensor.js";
import { kindOf } from "./typed-array.js";
import { signatureOf } from "./validate-inputs.js";

/** Options of `guard`. */
export interface GuardOptions {
  /** The clock of deadlines. Default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Origin of the predictor, for messages. Default `the predictor`. */
  readonly where?: string | undefined;
  /**
   * Maximum time in ms that disposal waits for calls in flight, and then for the predictor's own disposal. After it,
   * disposal rejects and frees nothing more. Default 30,000.
   */
  readonly disposalTimeoutMs?: number | undefined;
}

/**
 * Wraps an author's predictor in a `Predictor` that enforces the contract. Guarantees:
 * - E1 Signatures may be plain objects or Maps. They are checked and copied once.
 * - E2 A call that does not fit the signature, that has ended, or that comes after disposal does not reach the
 *   predictor: S6, S7, S10, S12.
 * - E3 Outputs are converted as by `toTensor`, and checked: names, dtypes, bytes of strings, rows of a batch, and
 *   shapes if the signature `checksShapes`. Outputs that were not requested are dropped. An output that does not fit
 *   fails the call with INTERNAL / OUTPUT_INVALID; a wrong shape with PREDICTION_FAILED.
 * - E4 Outputs own their memory: an output that shares memory with an input is copied. An output that shares memory
 *   with the previous answer is OUTPUT_INVALID.
 * - E5 A call rejects at its deadline and when its signal aborts, even if the predictor does not.
 * - E6 Any thrown value becomes a ServingError: INTERNAL / MODEL_THREW, unless it is a ServingError or the signal's
 *   reason.
 * - E7 Disposal waits for calls in flight, calls the predictor's own disposal once, and is idempotent.
 * - E8 Other members, such as `allocate`, `share` and those of a batching predictor, are passed through.
 * - E9 E2, E5, E6 and E7 hold for `respond`, if the predictor has it.
 *
 * @throws ServingError INVALID_ARGUMENT / PREDICTOR_UNFIT if the value is not a predictor with valid signatures.
 *
 * @example
 * ```ts
 * const predictor: Predictor = guard({
 *   signatures: { serving_default: { inputs: { x: spec.float32([-1]) }, outputs: { y: spec.float32([-1]) } } },
 *   predict: ({ x }) => ({ y: x as Tensor }),
 * });
 * ```
 */
export function guard(
  predictor: PredictorLike,
  options: GuardOptions = {},
): Predictor & AsyncDisposable {
  const { where = "the predictor" } = options;
  try {
    if (!isObject(predictor)) throw errors.predictorUnfit(where, unfit(predictor));
    const members = {
      signatures: signaturesOf(predictor.signatures),
      uncallable: signaturesOf(predictor.uncallable),
      batchable: predictor.batchable ?? false,
    };
    const { predict, allocate, share, unshare, [Symbol.asyncDispose]: dispose } = predictor;
    const { respond, measures } = predictor;
    const others = { predict, allocate, share, unshare, [Symbol.asyncDispose]: dispose };
    checkPredictor(where, { ...others, ...members, respond, measures });
    const guarded = new Guarded(predictor, members as CheckedMembers, options);
    passOn(predictor, guarded);
    return guarded;
  } catch (error) {
    if (isServingError(error)) throw error;
    throw errors.predictorUnfit(where, `it cannot be read: ${messageOf(error)}`);
  }
}

type CheckedMembers = Pick<Predictor, "signatures" | "uncallable" | "batchable">;

const isObject = (value: unknown): value is object =>
  (typeof value === "object" && value !== null) || typeof value === "function";
const unfit = (value: unknown) => `expected a Predictor; got ${kindOf(value)}`;

const NO_OPTIONS: PredictOptions = Object.freeze({});
const DISPOSAL_TIMEOUT_MS = 30_000;

class Guarded implements Predictor, AsyncDisposable {
  readonly respond?: NonNullable<Predictor["respond"]>;
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly uncallable: ReadonlyMap<string, Signature> | undefined;
  readonly batchable: boolean;
  readonly #target: PredictorLike;
  /** The version that the predictor was loaded as; undefined if no server loaded it. */
  readonly #id = runningModel();
  readonly #clock: Clock;
  readonly #disposalTimeoutMs: number;
  readonly #byName: ReadonlyMap<string, GuardedSignature>;
  readonly #inFlight = new InFlight();
  #isClosed = false;
  #disposal: Promise<void> | undefined;

  constructor(
    target: PredictorLike,
    { signatures, uncallable, batchable }: CheckedMembers,
    { clock = systemClock, disposalTimeoutMs = DISPOSAL_TIMEOUT_MS }: GuardOptions,
  ) {
    this.signatures = signatures;
    this.uncallable = uncallable;
    this.batchable = batchable;
    this.#target = target;
    this.#clock = clock;
    this.#disposalTimeoutMs = disposalTimeoutMs;
    const { respond } = target;
    if (respond) {
      this.respond = (body, format, options = NO_OPTIONS) =>
        this.#guarded(() => respond.call(target, body, format, options), checkAnswer, options);
    }
    this.#byName = new Map(
      [...signatures].map(([name, one]) => [name, new GuardedSignature(one, batchable)]),
    );
  }

  predict(inputs: Tensors, options: PredictOptions = NO_OPTIONS): Promise<Tensors> {
    if (takesAnyTensors(this)) {
      const predict = () => this.#target.predict(inputs, options) as Promise<Tensors>;
      return this.#guarded(predict, anyTensors, options);
    }
    let signature: GuardedSignature;
    try {
      this.#checkOpen(options);
      signature = this.#signature(options.signature);
      signature.checkCall(inputs, options.outputs);
    } catch (error) {
      return Promise.reject(this.#failureOf(error, options));
    }
    const answer = this.#run(signature, inputs, options);
    const { signal, deadlineAtMs } = options;
    if (signal === undefined && deadlineAtMs === undefined) return answer;
    return settleCall(answer, options, this.#clock);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  #checkOpen(limits: RespondOptions): void {
    if (this.#isClosed) throw errors.predictorClosed();
    throwIfEnded(limits, this.#clock);
  }

  /** Guards a call that has no signature. */
  async #guarded<T>(
    call: () => T | Promise<T>,
    check: (answer: T) => T,
    options: RespondOptions,
  ): Promise<T> {
    this.#checkOpen(options);
    this.#inFlight.begin();
    const answer = (async () => call())()
      .then(check)
      .catch((error: unknown) => {
        throw this.#failureOf(error, options);
      })
      .finally(() => this.#inFlight.end());
    return settleCall(answer, options, this.#clock);
  }

  #signature(name: string = DEFAULT_SIGNATURE): GuardedSignature {
    if (this.uncallable === undefined) {
      const known = this.#byName.get(name);
      if (known !== undefined) return known;
    }
    signatureOf(this, name); // throws if the name is wrong
    return this.#byName.get(name) as GuardedSignature;
  }

  #run(signature: GuardedSignature, inputs: Tensors, options: PredictOptions): Promise<Tensors> {
    this.#inFlight.begin();
    let isPending = false;
    try {
      const returned = this.#asModel(() => this.#target.predict(inputs, options));
      if (isThenable(returned)) {
        isPending = true;
        return this.#settled(Promise.resolve(returned), signature, inputs, options);
      }
      return Promise.resolve(signature.outputsOf(returned, inputs, options.outputs));
    } catch (error) {
      return Promise.reject(this.#failureOf(error, options));
    } finally {
      if (!isPending) this.#inFlight.end();
    }
  }

  #settled(
    returned: Promise<unknown>,
    signature: GuardedSignature,
    inputs: Tensors,
    options: PredictOptions,
  ): Promise<Tensors> {
    return returned.then(
      (outputs) => {
        this.#inFlight.end();
        return signature.outputsOf(outputs, inputs, options.outputs);
      },
      (error: unknown) => {
        this.#inFlight.end();
        throw this.#failureOf(error, options);
      },
    );
  }

  #failureOf(error: unknown, { signal }: PredictOptions): unknown {
    if (isServingError(error) || (signal?.aborted && error === signal.reason)) return error;
    return errors.modelThrew("predict", error);
  }

  #asModel<T>(run: () => T): T {
    return this.#id === undefined ? run() : runAsModel(this.#id, run);
  }

  async #dispose(): Promise<void> {
    const idle = this.#inFlight.idle();
    if (idle !== undefined) await this.#inTime(idle, "calls in flight");
    try {
      const disposal = this.#asModel(() => unload(this.#target));
      await this.#inTime(disposal, "disposal of the model");
    } catch (error) {
      throw isServingError(error) ? error : errors.modelThrew("disposal", error);
    }
  }

  #inTime(promise: Promise<void>, what: string): Promise<void> {
    const timeoutMs = this.#disposalTimeoutMs;
    const atMs = this.#clock.now() + timeoutMs;
    const error = () => errors.disposalTimedOut(what, timeoutMs);
    return settleBy(promise, { deadline: { clock: this.#clock, atMs, error } });
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as { readonly then?: unknown }).then === "function";

function checkAnswer(answer: BodyAnswer): BodyAnswer {
  const { body } = (answer ?? {}) as Partial<BodyAnswer>;
  if (body instanceof Uint8Array) return answer;
  throw errors.outputUnfit(`respond must return { body, isRefusal }; got body ${kindOf(body)}`);
}
