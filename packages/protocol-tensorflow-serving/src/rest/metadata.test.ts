import type { PredictorState } from "@serving-kit/inference";
import type { ServerCore } from "@serving-kit/server";
import { expect, it } from "vitest";
import { modelMetadata } from "./metadata.js";

const metadataOf = (state?: PredictorState) => {
  const id = { name: "m", version: 1n };
  const core = {
    describe: () => ({ id, signatures: new Map(), batchable: false, state }),
  } as unknown as ServerCore;
  return modelMetadata(core, { name: "m" });
};

it("metadata have the state of a model that has some, and TF Serving's fields alone otherwise", () => {
  expect(metadataOf("fresh")).toMatchObject({
    metadata: { signature_def: { signature_def: {} }, state: "fresh" },
  });
  expect(metadataOf()).toEqual({
    model_spec: { name: "m", signature_name: "", version: "1" },
    metadata: { signature_def: { signature_def: {} } },
  });
});
