import { servableId } from "@serving-kit/core";
import {
  FakeClock,
  loaderConformance,
  platformConformance,
  predictorConformance,
  turn,
} from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { defineModel, defineSignatures } from "./define-model.js";
import { type DefinedModel, isDefinedModel } from "./defined-model.js";
import type { CallContext } from "./model-call.js";
import { spec } from "./spec.js";
import { type Tensor, tensor } from "./tensor.js";

const vector = { x: spec.float32([-1]) };
const id = servableId("m", 1);
const never = new AbortController().signal;
const load = (model: DefinedModel, options = {}) =>
  model.loader().load({ id, signal: never, ...options });

let held = 0;
/** A model with one function. */
const double = defineModel({
  inputs: vector,
  outputs: { y: spec.float32([-1]) },
  batchable: true,
  predict: ({ x }) => ({ y: x.data.map((value) => 2 * value) }),
});
/** A model that returns its input, whose memory must be copied. */
const echo = defineModel({
  inputs: vector,
  outputs: vector,
  batchable: true,
  predict: async ({ x }) => ({ x }),
});
/** A model with `load` and `dispose`. */
const scaled = defineSignatures({
  load: async () => {
    held++;
    return { factor: 3 };
  },
  dispose: async () => void held--,
  signatures: {
    scale: { inputs: { x: spec.float32([-1, 2]) }, outputs: { y: spec.float32([-1, 2]) } },
    label: { inputs: { n: spec.int64([-1]) }, outputs: { label: spec.string([-1]) } },
  },
  predict: {
    scale: ({ x }, { factor }) => ({ y: x.data.map((value) => factor * value) }),
    label: async ({ n }) => ({ label: [...n.data].map(String) }),
  },
});
/** A model that reads folders of versions. */
const folders = defineModel({
  name: "folders",
  inputs: vector,
  outputs: { y: spec.float32([-1]) },
  accepts: (path) => path === "/good" || path === "/bad",
  load: ({ path }) => {
    if (path !== "/good") throw new Error(`no weights`);
    return { factor: 5 };
  },
  predict: ({ x }, { factor }) => ({ y: x.data.map((value) => factor * value) }),
});

describe("conformance of defined models, taken as they are", () => {
  const runner = { describe, it };
  const name = "double";
  const examples = [
    { inputs: { x: [1, 2] }, outputs: { y: [2, 4] } },
    { inputs: { x: new Float32Array(40).fill(1) }, outputs: { y: new Float32Array(40).fill(2) } },
  ];
  predictorConformance(runner, { name, model: double, examples });
  loaderConformance(runner, { name, model: double, call: { inputs: { x: [1] } } });

  const echoed = [[1], Array(40).fill(2)].map((x) => ({ inputs: { x }, outputs: { x } }));
  predictorConformance(runner, { name: "echo", model: echo, examples: echoed });

  predictorConformance(runner, {
    name: "two signatures",
    model: scaled,
    examples: [
      { signature: "scale", inputs: { x: [[1, 2]] }, outputs: { y: [[3, 6]] } },
      { signature: "label", inputs: { n: [7] }, outputs: { label: ["7"] } },
    ],
    allocated: () => held,
  });
  loaderConformance(runner, {
    name: "two signatures",
    model: scaled,
    call: { signature: "label", inputs: { n: [1] } },
    allocated: () => held,
  });

  predictorConformance(runner, {
    name: "folders",
    model: folders,
    path: "/good",
    examples: [
      { inputs: { x: [1] }, outputs: { y: [5] } },
      { inputs: { x: [2] }, outputs: { y: [10] } },
    ],
  });
  loaderConformance(runner, {
    name: "folders",
    model: folders,
    path: "/good",
    call: { inputs: { x: [1] } },
    brokenPaths: ["/bad"],
  });
  platformConformance(runner, {
    name: "folders",
    create: () => folders,
    path: "/good",
    call: { inputs: { x: tensor("float32", [1], [1]) } },
    foreign: "/other",
  });
});

describe("defineModel", () => {
  it("is a model by itself, or a platform with accepts", async () => {
    expect([double, scaled, folders].map(({ readsFolders }) => readsFolders)).toEqual([
      false,
      false,
      true,
    ]);
    expect([folders.platformName, double.platformName]).toEqual(["folders", "defined-model"]);
    expect(double.signatures.serving_default.inputs.x).toEqual({ dtype: "float32", shape: [-1] });
    for (const model of [double, scaled, folders]) expect(isDefinedModel(model)).toBe(true);
    for (const other of [undefined, {}, () => {}, "double"])
      expect(isDefinedModel(other)).toBe(false);
    expect(await double.accepts("/m")).toBe(false);
    const failing = defineModel({
      ...NOTHING,
      accepts: () => {
        throw new Error("EACCES");
      },
    });
    expect(await failing.accepts("/m")).toBe(false);
  });

  const NOTHING = { inputs: {}, outputs: {}, predict: () => ({}) };

  it("passes path, id, options, signal, logger and clock to load, and its result to dispose", async () => {
    const seen: unknown[] = [];
    const clock = new FakeClock();
    const model = defineModel({
      ...NOTHING,
      load: (context) => {
        seen.push({ ...context, logger: typeof context.logger.info });
        return "loaded";
      },
      dispose: (loaded) => void seen.push(loaded),
    });
    const storage = { path: "/m/1", options: { beam: 2 } };
    const predictor = await model.loader(storage, id).load({ id, signal: never, clock });
    await predictor[Symbol.asyncDispose]?.();
    expect(seen).toEqual([
      { path: "/m/1", id, options: { beam: 2 }, signal: never, clock, logger: "function" },
      "loaded",
    ]);
  });

  it("disposes the result of a load that ends after the abort, and rejects with the reason", async () => {
    const controller = new AbortController();
    const disposed: string[] = [];
    const model = defineModel({
      ...NOTHING,
      load: async () => {
        await turn();
        return "late";
      },
      dispose: (loaded) => void disposed.push(loaded),
    });
    const loading = load(model, { signal: controller.signal });
    controller.abort("unwanted");
    await expect(loading).rejects.toBe("unwanted");
    expect(disposed).toEqual(["late"]);
  });

  it("reports what load threw, and the path", async () => {
    await expect(
      folders.loader({ path: "/bad" }, id).load({ id, signal: never }),
    ).rejects.toMatchObject({
      reason: "MODEL_THREW",
      message: "load of the model threw: no weights (/bad)",
    });
  });

  /** A model that keeps the third argument of `predict`. */
  const contexts: CallContext[] = [];
  const curious = defineModel({
    inputs: vector,
    outputs: { y: spec.float32([-1]), z: spec.float32([-1]) },
    predict: (_inputs, _loaded, context) => {
      contexts.push(context);
      return new Promise((resolve) => {
        const answer = () => resolve({ y: [1], z: [2] });
        if (context.signal.aborted) answer();
        else context.signal.addEventListener("abort", answer);
      });
    },
  });
  const x: Tensor = tensor("float32", [1], [1]);

  it("passes the call's signature, outputs and deadline, and aborts its signal at the deadline", async () => {
    const clock = new FakeClock();
    const predictor = await load(curious, { clock });
    const deadlineAtMs = clock.now() + 50;
    const call = predictor.predict({ x }, { outputs: ["z"], deadlineAtMs });
    const context = contexts.at(-1) as CallContext;
    expect([context.signature, context.outputs]).toEqual(["serving_default", ["z"]]);
    expect(context.deadlineAtMs).toBe(deadlineAtMs);
    const rejected = expect(call).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    await clock.advance(50);
    await rejected;
    expect(context.signal.reason).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    await turn();
    expect(clock.pending).toBe(0);
  });

  it.each([{}, { deadlineAtMs: 1e9 }])(
    "aborts its signal with the caller's reason (%o)",
    async (limits) => {
      const predictor = await load(curious, { clock: new FakeClock() });
      const controller = new AbortController();
      const call = predictor.predict({ x }, { signal: controller.signal, ...limits });
      const { signal } = contexts.at(-1) as CallContext;
      controller.abort("enough");
      await expect(call).rejects.toBe("enough");
      expect(signal.reason).toBe("enough");
    },
  );

  const plain = (definition: object) => () => defineModel(definition as never);
  it.each<[string, () => unknown, string]>([
    [
      "no predict",
      plain({ inputs: {}, outputs: {} }),
      "predict of serving_default must be a function; got undefined",
    ],
    [
      "no specs",
      plain({ predict: () => ({}) }),
      'signature "serving_default": inputs: expected tensor specs by name',
    ],
    [
      "a spec that is a string",
      plain({ ...NOTHING, inputs: { x: "float32" } }),
      'input "x": expected an object with dtype and shape; got "float32"',
    ],
    [
      "a dtype that is none",
      plain({ ...NOTHING, inputs: { x: { dtype: "float", shape: [] } } }),
      "dtype: expected the name of a dtype",
    ],
    [
      "another member",
      plain({ ...NOTHING, batchabel: true }),
      'unknown member "batchabel"; expected name, batchable',
    ],
    [
      "a load that is not a function",
      plain({ ...NOTHING, load: "path" }),
      "load must be a function; got a string",
    ],
    [
      "a batch that is not the first dimension",
      plain({ ...NOTHING, inputs: { x: spec.float32([2, -1]) }, batchable: true }),
      '"x" must have -1 as its first extent',
    ],
    [
      "a signature without a function",
      () =>
        defineSignatures({ signatures: { a: { inputs: {}, outputs: {} } }, predict: {} } as never),
      "predict of a must be a function",
    ],
  ])("refuses %s when it is defined", (_, define, message) => {
    expect(define).toThrow(message);
  });
});
