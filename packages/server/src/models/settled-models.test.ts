import { describe, expect, it } from "vitest";
import type { ModelOutcome } from "../config/model-outcome.js";
import { SettledModels } from "./settled-models.js";

describe("SettledModels", () => {
  it("reads only models that have changed: their number is linear in models and changes", () => {
    const names = Array.from({ length: 5_000 }, (_, i) => `m${i}`);
    const open = new Set(names);
    let reads = 0;
    const settled = new SettledModels(names, (name) => {
      reads++;
      return open.has(name) ? undefined : { name };
    });
    for (const name of names) {
      expect(settled.outcomes()).toBeUndefined();
      open.delete(name);
      settled.changed(name);
    }
    expect(settled.outcomes()).toEqual(names.map((name) => ({ name })));
    expect(reads).toBe(2 * names.length);
  });

  it("follows a model that has settled and is open again, and no other models", () => {
    const outcomes = new Map<string, ModelOutcome>([["a", { name: "a" }]]);
    const settled = new SettledModels(["a", "b"], (name) => outcomes.get(name));
    expect(settled.outcomes()).toBeUndefined();
    outcomes.delete("a");
    outcomes.set("b", { name: "b" });
    outcomes.set("c", { name: "c" });
    for (const name of ["a", "b", "c"]) settled.changed(name);
    expect(settled.outcomes()).toBeUndefined();
    outcomes.set("a", { name: "a" });
    settled.changed();
    expect(settled.outcomes()).toEqual([{ name: "a" }, { name: "b" }]);
  });
});
