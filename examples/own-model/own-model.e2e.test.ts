import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loaderConformance, predictorConformance } from "@serving-kit/testing";
import { createModelServer, loadModel, stringsOf } from "serving-kit";
import { describe, expect, it } from "vitest";
import { runExample } from "../run-example.js";
import { flowers } from "./flowers.js";
import { digit } from "./mapped.js";
import { text } from "./signatures.js";

const models = join(import.meta.dirname, "../custom-servable/models");

// #region conformance
predictorConformance(
  { describe, it },
  {
    name: "flowers",
    model: flowers,
    path: `${models}/iris/1`,
    examples: [
      { inputs: { point: [5, 3.4, 1.5, 0.2] }, outputs: { label: ["setosa"] } },
      { inputs: { point: [6.9, 3.1, 5.4, 2.1] }, outputs: { label: ["virginica"] } },
    ],
  },
);
// #endregion

// #region loader
loaderConformance(
  { describe, it },
  {
    name: "flowers",
    model: flowers,
    path: `${models}/iris/1`,
    call: { inputs: { point: [5, 3.4, 1.5, 0.2] } },
    brokenPaths: [`${models}/missing`],
  },
);
// #endregion

describe("the programs", () => {
  it("print two answers and end", async () => {
    const { stdout, stderr, code } = await runExample("own-model/main.ts");
    expect([stdout, stderr, code]).toEqual(["two flowers: setosa and virginica\n", "", 0]);
  });

  it("put other inputs and outputs in front of a .tflite model", async () => {
    const digits = join(import.meta.dirname, "../models/digits");
    const samples = JSON.parse(readFileSync(join(digits, "samples.json"), "utf8"));
    await using model = await loadModel(digits, {
      platform: digit,
      batching: true,
      expects: digit,
    });
    for (const { image, label, probabilities } of samples.slice(0, 3)) {
      const pixels = Uint8Array.from(image, (value: number) => Math.round(value * 16));
      const answer = await model.predict({ pixels });
      expect([...answer.digit.data]).toEqual([label]);
      expect(answer.score.data[0]).toBeCloseTo(Math.max(...probabilities), 4);
    }
  });

  it("have two signatures", async () => {
    await using server = await createModelServer({ models: { text } });
    const greeted = await server.predict("text", { name: "Ada" }, { signature: "greet" });
    expect(stringsOf(greeted.text)).toEqual(["Hello, Ada"]);
    const { length } = await server.predict("text", { text: ["four"] }, { signature: "count" });
    expect([...length.data]).toEqual([4]);
  });
});
