import type { PredictorState } from "@serving-kit/inference";
import { expect, it } from "vitest";
import type { ServerCore } from "../server-core.js";
import { modelMetadata } from "./metadata.js";

const metadataOf = (state?: PredictorState) => {
  const servable = { signatures: new Map(), batchable: false, state };
  const handle = { id: { name: "m", version: 1n }, servable, [Symbol.dispose]() {} };
  const core = { acquire: () => handle } as unknown as ServerCore;
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
