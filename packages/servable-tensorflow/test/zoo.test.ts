import { afterEach, describe, expect, it } from "vitest";
import { predictorConformance } from "@serving-kit/testing";
import { nativeCounts } from "../src/native/native-counts.js";
import { digits, digitsPath, load, skipReason, zoo, zooPath } from "./zoo.js";
import { assertOutputs } from "../../testing/src/tensor-assertions.js";

describe.skipIf(skipReason)(`answers as Python's${skipReason}`, () => {
  for (const [name, examples] of zoo) {
    if (examples.length === 0) continue;
    it(`${name} gives what Python gives`, async () => {
      const predictor = await load(zooPath(name));
      try {
        for (const { signatureName = "serving_default", inputs, outputs } of examples) {
          const got = await predictor.predict(inputs, { signatureName });
          assertOutputs(got, outputs, 1e-5, `${name} ${signatureName}`);
        }
      } finally {
        await predictor[Symbol.asyncDispose]();
      }
    });
  }
});
