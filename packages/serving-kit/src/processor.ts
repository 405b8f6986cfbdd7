import type { ProcessingConfig } from "@serving-kit/processing";
import type { ModelProcessor } from "@serving-kit/server";
import { threadModule } from "./plugins.js";

/** Applies a model's `processing` configuration with the steps of `@serving-kit/processing`. */
export const processor: ModelProcessor = {
  name: "processing",
  module: { url: threadModule(), exportName: "processor" },
  async process(predictor, processing, { id, path, clock }) {
    const { processLoaded } = await import("@serving-kit/processing");
    const where = `"${id.name}"`;
    return processLoaded(predictor, processing as ProcessingConfig, { where, path, clock });
  },
};
