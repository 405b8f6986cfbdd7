import { policyConformance } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { answer } from "../test/policy-answer.js";
import { availabilityPreserving } from "./availability-preserving-policy.js";

describe("availabilityPreserving", () => {
  policyConformance(
    { describe, it },
    {
      name: "availabilityPreserving",
      policy: availabilityPreserving,
      isAvailabilityPreserving: true,
    },
  );

  it.each<[string, string, string | undefined]>([
    ["does nothing when there is nothing", "", undefined],
    [
      "loads the newest new version",
      "5 new, 4 new, 3 ready, 2 failed unwanted, 1 leaving unwanted",
      "load 5",
    ],
    [
      "unloads before it loads, when an aspired version is ready",
      "5 new, 4 ready, 3 ready unwanted",
      "unload 3",
    ],
    ["unloads the last version when nothing is aspired", "2 ready unwanted", "unload 2"],
    [
      "unloads the oldest first when nothing is aspired",
      "2 ready unwanted, 1 ready unwanted",
      "unload 1",
    ],
    ["does nothing when nothing is left to do", "3 loading, 2 failed, 1 ready", undefined],
    [
      "keeps the last version until a newer one is available",
      "2 loading, 1 ready unwanted",
      undefined,
    ],
    ["keeps the last version when the newer one failed", "2 failed, 1 ready unwanted", undefined],
    ["keeps the last version and loads its successor", "2 new, 1 ready unwanted", "load 2"],
    [
      "keeps the last version while another is leaving",
      "3 new, 2 ready unwanted, 1 leaving unwanted",
      "load 3",
    ],
    [
      "unloads when an aspired version is ready, even if another loads",
      "3 ready, 2 loading, 1 ready unwanted",
      "unload 1",
    ],
    [
      "unloads when an aspired version is ready, even if another failed",
      "3 ready, 2 failed, 1 ready unwanted",
      "unload 1",
    ],
    [
      "unloads all but one of the versions that are no longer aspired while no aspired version is ready",
      "4 loading, 3 failed, 2 ready unwanted, 1 ready unwanted",
      "unload 1",
    ],
    ["goes back to a smaller number as well", "2 ready unwanted, 1 ready", "unload 2"],
  ])("%s", (_, versions, action) => {
    expect(answer(availabilityPreserving, versions)).toBe(action);
  });
});
