import { type Predictor, tensor } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { nativeCounts, type TfliteOptions } from "../src/index.js";
import { openTflite } from "../src/native/library.js";
import { floats, load, testModel } from "./support.js";

const { hasSignatureRunners } = await openTflite();

/** Adds 1 to the total, which starts with 10. */
const addOne = async (predictor: Predictor) =>
  (await predictor.predict({ x: floats(1) })).total?.data[0];

const step = async (predictor: Predictor, x: number) =>
  (await predictor.predict({ x: tensor("float32", [1, 1, 1], [x]) })).y?.data[0];

describe("the variables of a model", () => {
  it.each([{}, { warmup: false }, { interpreters: 1 }, { useXnnpack: false }] as TfliteOptions[])(
    "have their initial values in each call: %j",
    async (options) => {
      const predictor = await load(testModel("total"), options);
      for (let i = 0; i < 3; i++) expect(await addOne(predictor)).toBe(11);
      const calls = Array.from({ length: 8 }, () => addOne(predictor));
      expect(await Promise.all(calls)).toEqual(Array(8).fill(11));
      expect((await predictor.predict({ x: floats(1, 2, 3) })).total?.data[0]).toBe(16);
      await predictor[Symbol.asyncDispose]();
      expect(nativeCounts()).toEqual({ models: 0, interpreters: 0, delegates: 0 });
    },
  );

  it.runIf(hasSignatureRunners)(
    "are not seen by other signatures (skipped: this runtime runs only subgraph 0)",
    async () => {
      await using predictor = await load(testModel("total"));
      await addOne(predictor);
      const { total } = await predictor.predict({}, { signature: "the_total" });
      expect(total?.data[0]).toBe(10);
    },
  );

  it("make a predictor that accepts no batches: the rows would share them", async () => {
    await using predictor = await load(testModel("total"));
    expect(predictor.batchable).toBe(false);
  });

  it("are none if no call assigns them, as in tables and constants", async () => {
    await using predictor = await load(testModel("constants"));
    const inputs = { word: tensor("string", [2], ["b", "c"]), x: floats(1, 2) };
    for (let i = 0; i < 2; i++) {
      const { number, scaled } = await predictor.predict(inputs);
      expect([number?.data, scaled?.data]).toEqual([
        BigInt64Array.of(2n, -1n),
        Float32Array.of(3, 6),
      ]);
    }
  });
});

describe('the variables of a model with state "keep"', () => {
  it.each([{}, { warmup: false }, { execution: "thread" }] as TfliteOptions[])(
    "keep their values from call to call, one call after another: %j",
    async (options) => {
      await using predictor = await load(testModel("total"), { ...options, state: "keep" });
      expect(await addOne(predictor)).toBe(11);
      const calls = Array.from({ length: 8 }, () => addOne(predictor));
      expect(await Promise.all(calls)).toEqual([12, 13, 14, 15, 16, 17, 18, 19]);
      expect((await predictor.predict({ x: floats(1, 2, 3) })).total?.data[0]).toBe(25);
      expect(nativeCounts().interpreters).toBe(1);
    },
  );

  it.runIf(hasSignatureRunners)(
    "are seen by other signatures (skipped: this runtime runs only subgraph 0)",
    async () => {
      await using predictor = await load(testModel("total"), { state: "keep" });
      await addOne(predictor);
      const { total } = await predictor.predict({}, { signature: "the_total" });
      expect(total?.data[0]).toBe(11);
    },
  );

  it("keep the cells of an RNN, which a warm-up has not changed", async () => {
    await using predictor = await load(testModel("rnn"), { state: "keep" });
    const answers = [];
    for (const x of [1, 2, 3]) answers.push(await step(predictor, x));
    expect(answers).toEqual([1, 3, 6]);
  });

  it("make a predictor that accepts no batches and is not shared with other threads", async () => {
    await using predictor = await load(testModel("rnn"), { state: "keep" });
    expect(predictor.batchable).toBe(false);
    expect(predictor.share).toBeUndefined();
    await using stateless = await load(testModel("spin"), { state: "keep" });
    expect(stateless.share).toBeDefined();
  });
});
