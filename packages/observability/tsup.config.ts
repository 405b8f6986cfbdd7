import { defineConfig } from "tsup";
import base from "../../tsup.config.js";

export default defineConfig({
  ...base,
  entry: {
    index: "src/index.ts",
    metrics: "src/metrics.ts",
    "request-log": "src/request-log.ts",
    tracing: "src/tracing.ts",
  },
});
