import { policyConformance } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { answer } from "../test/policy-answer.js";
import { resourcePreserving } from "./resource-preserving-policy.js";

describe("resourcePreserving", () => {
  policyConformance(
    { describe, it },
    { name: "resourcePreserving", policy: resourcePreserving, isAvailabilityPreserving: false },
  );

  it.each<[string, string, string | undefined]>([
    ["does nothing when there is nothing", "", undefined],
    [
      "unloads the oldest version that is no longer aspired first",
      "5 ready unwanted, 4 new, 3 ready unwanted, 2 ready, 1 leaving unwanted",
      "unload 3",
    ],
    ["unloads the last version before it loads", "2 new, 1 ready unwanted", "unload 1"],
    ["loads the newest version if no version must be unloaded", "5 new, 3 new, 1 ready", "load 5"],
    ["does nothing when nothing is left to do", "3 loading, 2 failed, 1 ready", undefined],
    ["does not load while another version unloads", "2 new, 1 leaving unwanted", undefined],
    ["loads next to a failed version", "2 new, 1 failed unwanted", "load 2"],
    [
      "does not load while another version unloads, next to a failed version",
      "3 new, 2 leaving unwanted, 1 failed unwanted",
      undefined,
    ],
    ["loads beside one that is loading", "2 new, 1 loading", "load 2"],
  ])("%s", (_, versions, action) => {
    expect(answer(resourcePreserving, versions)).toBe(action);
  });
});
