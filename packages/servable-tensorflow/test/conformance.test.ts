import { tensor } from "@serving-kit/inference";
import { predictorConformance } from "@serving-kit/testing";
import { afterAll, describe, expect, it } from "vitest";
import { nativeCounts } from "../src/native/native-counts.js";
import type { TensorFlowOptions } from "../src/options.js";
import { digits, digitsPath, load, skipReason, zoo, zooPath } from "./zoo.js";

const example = (name: string) => zoo.get(name) ?? [];

describe.skipIf(skipReason)(`conformance${skipReason}`, () => {
  const suites: [string, string, readonly (typeof digits)[number][], TensorFlowOptions][] = [
    ["digits", digitsPath, digits, {}],
    ["digits on threads", digitsPath, digits, { execution: "thread" }],
    ["jpeg", zooPath("jpeg"), example("jpeg"), {}],
    ["strings", zooPath("strings"), example("strings"), { concurrency: 1 }],
    ["tf1", zooPath("tf1"), example("tf1"), {}],
  ];
  for (const [name, path, examples, options] of suites) {
    predictorConformance(
      { describe, it },
      {
        name,
        create: () => load(path, options),
        examples,
        allocated: () => nativeCounts().sessions,
      },
    );
  }

  predictorConformance(
    { describe, it },
    {
      name: "a slow model",
      create: () => load(zooPath("trouble")),
      examples: example("trouble").concat({
        signature: "slow",
        inputs: { steps: tensor("int32", [1], [5]) },
        outputs: { sum: tensor("float32", [1], [69]) },
      }),
      longRunning: { signature: "slow", inputs: { steps: tensor("int32", [1], [20_000]) } },
      allocated: () => nativeCounts().sessions,
    },
  );

  afterAll(() => {
    expect(nativeCounts()).toEqual({ sessions: 0, tensors: 0 });
  });
});
