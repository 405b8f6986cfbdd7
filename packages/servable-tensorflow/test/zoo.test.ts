import { describe, it } from "vitest";
import { assertOutputs } from "../../testing/src/tensor-assertions.js";
import { load, skipReason, zoo, zooPath } from "./zoo.js";

describe.skipIf(skipReason)(`answers as Python's${skipReason}`, () => {
  for (const [name, examples] of zoo) {
    if (examples.length === 0) continue;
    it(`${name} returns what Python returns`, async () => {
      const predictor = await load(zooPath(name));
      try {
        for (const { signature = "serving_default", inputs, outputs } of examples) {
          const got = await predictor.predict(inputs, { signature });
          assertOutputs(got, outputs, 1e-5, `${name} ${signature}`);
        }
      } finally {
        await predictor[Symbol.asyncDispose]();
      }
    });
  }
});
