import { describe, expect, it } from "vitest";
import { expectedCalls, loadNamed, namesWithCalls } from "./support.js";

const isWanted = process.env.SERVING_KIT_ONNX_MODELS !== undefined;

describe.skipIf(!isWanted)("real models [skipped: npm run test:onnx downloads them]", () => {
  it.each(namesWithCalls)("%s answers as onnxruntime in Python does, bit by bit", async (name) => {
    await using predictor = await loadNamed(name);
    for (let round = 0; round < 2; round++) {
      for (const { inputs, outputs } of expectedCalls(name)) {
        const answer = await predictor.predict(inputs);
        for (const [output, { dtype, shape, data }] of Object.entries(outputs)) {
          const { data: own, ...form } = answer[output] ?? { data: [] };
          expect([output, form]).toEqual([output, { dtype, shape }]);
          const bytes = (elements: unknown) => Buffer.from((elements as Uint8Array).buffer);
          expect(bytes(own).equals(bytes(data))).toBe(true);
        }
      }
    }
  });
});
