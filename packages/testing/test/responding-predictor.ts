import { ServingError, systemClock } from "@serving-kit/core";
import {
  type BodyAnswer,
  inferenceErrors,
  type PredictOptions,
  type Predictor,
  type RespondOptions,
  type Signature,
  settleCall,
  stringsOf,
  type Tensor,
  type Tensors,
  tensor,
  throwIfEnded,
} from "@serving-kit/inference";
import { turn } from "../src/index.js";

/** The format of the bodies. */
export const FORMAT = "text/numbers";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Doubles the numbers of a body such as `1 2.5`. Refuses other words. It keeps the clauses of `Predictor.respond`. */
export class RespondingPredictor implements Predictor, AsyncDisposable {
  readonly signatures: ReadonlyMap<string, Signature> = new Map();
  readonly batchable = false;
  #isDisposed = false;

  async respond(body: Uint8Array, format: string, options: RespondOptions = {}) {
    if (this.#isDisposed) throw inferenceErrors.predictorClosed();
    throwIfEnded(options, systemClock);
    if (format !== FORMAT) throw inferenceErrors.formatUnsupported(format, FORMAT);
    return settleCall(this.#answer(new TextDecoder().decode(body)), options, systemClock);
  }

  async predict({ x }: Tensors, options: PredictOptions = {}): Promise<Tensors> {
    const text = x?.dtype === "string" ? stringsOf(x as Tensor<"string">) : [...(x?.data ?? [])];
    const { body, isRefusal } = await this.respond(bytes(text.join(" ")), FORMAT, options);
    const answer = new TextDecoder().decode(body);
    if (isRefusal) throw new ServingError("INVALID_ARGUMENT", "REFUSED", answer);
    const numbers = answer.split(" ").map(Number);
    return { y: tensor("float32", [numbers.length], numbers) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
  }

  async #answer(text: string): Promise<BodyAnswer> {
    await turn();
    const numbers = text.split(" ").map(Number);
    if (numbers.some(Number.isNaN)) return { body: bytes(`no numbers: ${text}`), isRefusal: true };
    return { body: bytes(numbers.map((number) => 2 * number).join(" ")), isRefusal: false };
  }
}

/** The options of `respondConformance` for it. */
export const respondOptions = {
  format: FORMAT,
  examples: [
    { body: bytes("1 2.5"), answer: bytes("2 5") },
    { body: bytes("-4"), answer: bytes("-8") },
    { body: bytes("one"), answer: bytes("no numbers: one"), isRefusal: true },
  ],
  tensors: {
    inputs: { x: tensor("float32", [2], [1, 2.5]) },
    outputs: { y: tensor("float32", [2], [2, 5]) },
    refused: { x: tensor("string", [1], ["one"]) },
  },
};
