import assert from "node:assert/strict";
import type { Code } from "@serving-kit/core";
import { type Tensors, tensor } from "@serving-kit/inference";
import { assertOutputs } from "../tensor-assertions.js";
import { DEFAULT_TIMEOUT_MS, until, within } from "../waiting.js";
import { Doors } from "./doors.js";
import { compute, MODELS } from "./fixture-model.js";
import type { ProtocolPredict, ServerConformanceOptions } from "./protocol-options.js";
import { ProtocolStage, type StageOptions } from "./protocol-stage.js";
import type { Answered, Transport } from "./transports.js";

/** A name that no model has. */
export const UNKNOWN_MODEL = "no_such_model";

/** Returns a prediction by a model of the suite. */
export const callOf = (model: string, ...x: number[]): ProtocolPredict => ({
  model,
  inputs: { x: tensor("float32", [x.length], x) },
});

/** The state that the tests of the clauses share. */
export class ProtocolKit {
  readonly options: ServerConformanceOptions;
  readonly timeoutMs: number;

  constructor(options: ServerConformanceOptions) {
    this.options = options;
    this.timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  /** Returns a test with its own server. */
  staged(test: (stage: ProtocolStage) => Promise<void>, options?: StageOptions) {
    return async (): Promise<void> => {
      await using stage = await ProtocolStage.create(this.options, options);
      await test(stage);
    };
  }

  /** Returns a test that runs for each transport over which predictions are made, in one server. */
  over(
    test: (transport: Transport, stage: ProtocolStage) => Promise<void>,
    options?: StageOptions,
  ) {
    return this.overAll(async (transport, stage) => {
      if (transport.predicts) await test(transport, stage);
    }, options);
  }

  /** Returns a test that runs for each transport, in one server. */
  overAll(
    test: (transport: Transport, stage: ProtocolStage) => Promise<void>,
    options?: StageOptions,
  ) {
    return this.staged(async (stage) => {
      for (const transport of stage.transports) await test(transport, stage);
    }, options);
  }

  /** Returns a test that runs for each transport, in one server that also has the doors of the suite. */
  doored(
    test: (transport: Transport, stage: ProtocolStage, doors: Doors) => Promise<void>,
    options?: StageOptions,
  ) {
    return async (): Promise<void> => {
      const doors = new Doors();
      const passOn = (transport: Transport, stage: ProtocolStage) => test(transport, stage, doors);
      await this.overAll(passOn, { ...options, protocols: [doors.protocol] })();
    };
  }

  /** Returns the result of a promise, or fails if it does not settle in time. */
  within<T>(promise: Promise<T>, what: string): Promise<T> {
    return within(promise, this.timeoutMs, `expected ${what}`);
  }

  /** Waits for a condition. */
  until(condition: () => boolean, what: string): Promise<void> {
    return until(
      condition,
      () => {},
      this.timeoutMs,
      () => `expected ${what}`,
    );
  }

  /** Asserts that predictions succeed, with the outputs of their models. */
  async answers(transport: Transport, when: string): Promise<void> {
    for (const call of [callOf(MODELS.half, 1, 2, 5), callOf(MODELS.other, -4)]) {
      const { name } = transport;
      const answer = await this.within(transport.predict(call), `an answer over ${name} ${when}`);
      assertAnswer(transport, answer, call, when);
    }
  }

  /** Asserts that a response has the status of a code. */
  async refuses(transport: Transport, answer: Promise<Answered>, code: Code, what: string) {
    const about = `${what} over ${transport.name}`;
    const { status, message } = await this.within(answer, `an answer: ${about}`);
    assert.equal(status, transport.statusOf(code), `the status of ${code}: ${about}: ${message}`);
    return message;
  }
}

/** Asserts that a response has the expected outputs of a call. */
export function assertAnswer(
  { name }: Transport,
  answer: Answered,
  { model, inputs }: ProtocolPredict,
  when: string,
): void {
  const what = `${model} over ${name} ${when}`;
  assert.ok(answer.isOk, `${what}: expected success; got ${answer.status}: ${answer.message}`);
  const expected: Tensors = { y: compute(model, inputs) };
  assertOutputs(answer.outputs(), expected, 0, what);
}
