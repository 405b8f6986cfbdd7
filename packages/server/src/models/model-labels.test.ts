import type { VersionLabels } from "@serving-kit/core";
import { expect, it } from "vitest";
import { ModelLabels } from "./model-labels.js";

it("passes labels to the manager, and skips models without labels", () => {
  const told: [string, VersionLabels][] = [];
  const manager = {
    labels: () => new Map(),
    setLabels: (name: string, labels: VersionLabels) => void told.push([name, labels]),
  };
  const labels = new ModelLabels(manager, (name) => (name === "b" ? { canary: 2n } : {}));
  for (const name of ["a", "b", "c"]) {
    labels.set({ name, ...(name === "a" && { labels: { stable: 1n } }) });
  }
  labels.set({ name: "a" });
  for (const name of ["a", "b", "c"]) labels.remove(name);
  expect(told).toEqual([
    ["a", { stable: 1n }],
    ["b", { canary: 2n }],
    ["a", {}],
    ["b", {}],
  ]);
});
