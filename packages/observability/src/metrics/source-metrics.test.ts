import type { SourceActivity } from "@serving-kit/core";
import { expect, it } from "vitest";
import { SourceMetrics } from "./source-metrics.js";

it("counts listings, fetches by origin, bytes, seconds, and failures by reason", () => {
  const metrics = new SourceMetrics();
  const count = (name: string, activity: SourceActivity) =>
    metrics.count({ kind: "activity", name, activity, atMs: 0 });
  count("m", { what: "listed" });
  count("m", { what: "listed" });
  count("n", { what: "listed" });
  count("m", { what: "fetched", from: "storage", bytes: 100, durationMs: 1_500 });
  count("m", { what: "fetched", from: "cache", bytes: 0, durationMs: 500 });
  count("m", { what: "failed", during: "listing", reason: "STORE_UNAVAILABLE", bytes: 0 });
  count("m", { what: "failed", during: "fetch", reason: "CHECKSUM_MISMATCH", bytes: 50 });
  const values = metrics.metrics.map((metric) => {
    const { name, samples } = metric.values();
    return [name, ...samples.map(({ labels, value }) => [Object.values(labels).join(), value])];
  });
  expect(values).toEqual([
    ["serving_kit_source_listings", ["m", 2], ["n", 1]],
    ["serving_kit_source_fetches", ["m,storage", 1], ["m,cache", 1]],
    ["serving_kit_source_bytes", ["m", 150]],
    ["serving_kit_source_fetch_seconds", ["m", 2]],
    [
      "serving_kit_source_failures",
      ["m,listing,STORE_UNAVAILABLE", 1],
      ["m,fetch,CHECKSUM_MISMATCH", 1],
    ],
  ]);
});
