import { observerConformance } from "@serving-kit/testing/plugins";
import { describe, it } from "vitest";
import { type ObservabilityOptions, observability } from "../src/index.js";

const apis = ["Predict", "Classify", "Regress"];
const sink = { write: async () => {} };
const counters = ["/tensorflow/serving/request_count"];

const all: readonly (readonly [string, ObservabilityOptions, readonly string[]])[] = [
  ["metrics", { metrics: {} }, counters],
  ["request log", { requestLog: { sink } }, []],
  ["spans", { tracing: true }, []],
  ["nothing", {}, []],
  [
    "metrics, spans and request log",
    { metrics: {}, tracing: true, requestLog: { sink } },
    counters,
  ],
];
for (const [name, options, counters] of all) {
  observerConformance(
    { describe, it },
    { name: `observability: ${name}`, create: () => observability(options), apis, counters },
  );
}
