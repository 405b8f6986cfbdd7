import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Logger, servableId, unload, type WarmUpOutcome } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { afterEach, describe, expect, it } from "vitest";
import { type TfliteOptions, tflite } from "../src/index.js";
import { openTflite } from "../src/native/library.js";
import { digits, testModel } from "./support.js";

const { bindings, canCancel, hasSignatureRunners } = await openTflite();

/** Counts the calls of a function of the library in `action`. */
async function countCalls(
  name: "invoke" | "runnerInvoke" | "allocateTensors",
  action: () => Promise<unknown>,
): Promise<number> {
  const original = bindings[name];
  let count = 0;
  const counting =
    (call: (...args: unknown[]) => unknown) =>
    (...args: unknown[]) => {
      count++;
      return call(...args);
    };
  const counted = Object.assign(counting(original), {
    async: counting(original.async.bind(original)),
  });
  Object.defineProperty(bindings, name, { value: counted, configurable: true });
  try {
    await action();
    return count;
  } finally {
    Object.defineProperty(bindings, name, { value: original, configurable: true });
  }
}

const id = servableId("m", 1);
const warnings: string[] = [];
const logger: Logger = {
  info() {},
  warn: (_, message) => void warnings.push(message),
  error() {},
};
afterEach(() => void warnings.splice(0));

async function load(path: string, options?: TfliteOptions) {
  const outcomes: WarmUpOutcome[] = [];
  const predictor = (await tflite(options)
    .loader({ path }, id)
    .load({
      ...{ id, logger, signal: new AbortController().signal },
      warmingUp: () => (outcome) => void outcomes.push(outcome),
    })) as Predictor & AsyncDisposable;
  return { predictor, outcomes };
}

const loadAndUnload = async (path: string) => unload((await load(path)).predictor);

describe("a warm-up", () => {
  it.each([
    ["a model of fixed shapes", testModel("rnn"), 1],
    ["a model of any number of rows", digits("1"), 1],
    ["a model of int8", digits("quantized/1"), 1],
    ["a model with a loop", testModel("spin"), 1],
  ])("runs %s once", async (_, path, runs) => {
    expect(await countCalls("invoke", () => loadAndUnload(path))).toBe(runs);
    expect(warnings).toEqual([]);
  });

  it.runIf(hasSignatureRunners)(
    "runs signatures of other subgraphs once (skipped: this runtime runs only subgraph 0)",
    async () => {
      const path = testModel("subgraphs");
      expect(await countCalls("invoke", () => loadAndUnload(path))).toBe(1);
      expect(await countCalls("runnerInvoke", () => loadAndUnload(path))).toBe(1);
    },
  );

  it.each(["dynamic", "many_temporaries", "depthwise"])(
    "neither runs nor allocates a model with an unknown extent: %s",
    async (name) => {
      const path = testModel(name);
      expect(await countCalls("invoke", () => loadAndUnload(path))).toBe(0);
      expect(await countCalls("allocateTensors", () => loadAndUnload(path))).toBe(0);
    },
  );

  it("is skipped if an input is too large to generate", async () => {
    expect(await countCalls("invoke", () => loadAndUnload(testModel("large")))).toBe(0);
    expect(warnings).toEqual([]);
  });

  it("that fails is a warning, and the version is loaded", async () => {
    const { predictor, outcomes } = await load(testModel("remainder"));
    expect(outcomes).toEqual([{ records: 0, error: expect.any(Error) }]);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^model m version 1: warm-up of signature "serving_default" on zeros failed: .*divisor of FLOOR_MOD/,
      ),
    ]);
    await unload(predictor);
  });

  it("that does not end is aborted, and the version is loaded and disposed without it", async () => {
    const flags = ["--conditions=@serving-kit/source", "--import", "tsx"];
    const child = fileURLToPath(new URL("./endless-child.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, child]);
    // A run of 2.9 cannot be stopped: it keeps its thread and its interpreter.
    const running = canCancel ? 0 : 1;
    expect(JSON.parse(stdout)).toMatchObject({
      warnings: [expect.stringContaining("did not end within 60000 ms and was aborted")],
      answer: 1,
      running,
      left: { models: running, interpreters: running },
    });
  });
});
