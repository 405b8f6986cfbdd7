import { defineConfig } from "tsup";
import base from "../../tsup.config.js";

export default defineConfig({
  ...base,
  entry: {
    index: "src/index.ts",
    metrics: "src/metrics/index.ts",
    "request-log": "src/request-log/index.ts",
    tracing: "src/tracing/index.ts",
  },
});
