import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServingError, servableId } from "@serving-kit/core";
import {
  FakeClock,
  loaderConformance,
  platformConformance,
  predictorConformance,
  turn,
} from "@serving-kit/testing";
import { afterAll, describe, expect, it } from "vitest";
import { defineModel, defineSignatures } from "./define-model.js";
import { definePlatform } from "./define-platform.js";
import { mapPredictor } from "./map-predictor.js";
import type { SharedPredictor } from "./predictor.js";
import { spec } from "./spec.js";
import { stringsOf, type Tensor, tensor } from "./tensor.js";

const id = servableId("m", 1);
const never = new AbortController().signal;
const load = (model: ReturnType<typeof mapPredictor>, context = {}) =>
  model.loader().load({ id, signal: never, ...context });

const good = mkdtempSync(join(tmpdir(), "serving-kit-mapped-"));
afterAll(() => rmSync(good, { recursive: true }));

let held = 0;
/** Adds the rows of `x`. */
const sums = defineModel({
  inputs: { x: spec.float32([-1, 2]) },
  outputs: { sum: spec.float32([-1]) },
  batchable: true,
  load: () => void held++,
  dispose: () => void held--,
  predict: ({ x }) => ({
    sum: x.data.filter((_, i) => i % 2 === 0).map((value, i) => value + (x.data[2 * i + 1] ?? 0)),
  }),
});
/** Strings such as `1+2` in, strings out. */
const texts = {
  inputs: { text: spec.string([-1]) },
  outputs: { answer: spec.string([-1]) },
  batchable: true,
  expects: sums,
} as const;
const added = mapPredictor(sums, {
  ...texts,
  before: ({ text }) => ({ x: stringsOf(text).map((one) => one.split("+").map(Number)) }),
  after: async ({ sum }) => ({ answer: [...sum.data].map(String) }),
});
const folders = definePlatform({
  name: "folders",
  accepts: async (path) => path === good || path === "/bad",
  isComplete: async (path) =>
    path === good || path === "/bad"
      ? { isComplete: true }
      : { isComplete: false, problem: "it is missing" },
  inspect: async (path) => {
    if (path !== good) throw sumsMissing(path);
    return { description: `${path}\n  signature serving_default`, problems: [] };
  },
  async load({ path, signal, clock }) {
    if (path !== good) throw sumsMissing(path);
    return sums.loader().load({ id, signal, clock });
  },
});
const sumsMissing = (path: string) =>
  new ServingError("NOT_FOUND", "SUMS_MISSING", `no sums in ${path}`);
const text = (...all: string[]) => tensor("string", [all.length], all);

describe("conformance of mapped models", () => {
  const runner = { describe, it };
  const examples = [
    { inputs: { text: ["1+2"] }, outputs: { answer: ["3"] } },
    { inputs: { text: ["2+2", "5+4"] }, outputs: { answer: ["4", "9"] } },
  ];
  const allocated = () => held;
  predictorConformance(runner, { name: "a mapped model", model: added, examples, allocated });
  loaderConformance(runner, {
    name: "a mapped model",
    model: added,
    call: { inputs: { text: ["1+2"] } },
    allocated,
  });
  const platform = mapPredictor(folders(), {
    ...texts,
    name: "mapped-folders",
    before: ({ text }) => ({ x: stringsOf(text).map((one) => one.split("+").map(Number)) }),
    after: ({ sum }) => ({ answer: [...sum.data].map(String) }),
  });
  predictorConformance(runner, {
    name: "a mapped platform",
    model: platform,
    path: good,
    examples,
    allocated,
  });
  loaderConformance(runner, {
    name: "a mapped platform",
    model: platform,
    path: good,
    call: { inputs: { text: ["1+2"] } },
    brokenPaths: ["/bad"],
    allocated,
  });
  platformConformance(runner, {
    name: "a mapped platform",
    create: () => platform,
    path: good,
    call: { inputs: { text: text("1+2") } },
    foreign: "/other",
  });
  const same = mapPredictor(sums, {
    inputs: { x: spec.float32([-1, 2]) },
    outputs: { sum: spec.float32([-1]) },
    batchable: true,
  });
  predictorConformance(runner, {
    name: "a model without before and after",
    model: same,
    examples: [
      { inputs: { x: [[1, 2]] }, outputs: { sum: [3] } },
      { inputs: { x: [[3, 4]] }, outputs: { sum: [7] } },
    ],
    allocated,
  });
});

describe("mapPredictor", () => {
  const model = { inputs: { x: spec.float32([-1]) }, outputs: { y: spec.float32([-1]) } };
  const plain = (steps: string[]) =>
    defineModel({
      ...model,
      batchable: true,
      predict: ({ x }) => {
        steps.push("model");
        return { y: x.data.map((value) => value) };
      },
    });

  it("MP1, MP4 shows one signature, and is batchable if both are", async () => {
    const predictor = await load(added);
    expect([...predictor.signatures.keys()]).toEqual(["serving_default"]);
    expect([added.batchable, predictor.batchable]).toEqual([true, true]);
    expect([added.readsFolders, added.platformName]).toEqual([false, "mapped-defined-model"]);
    const alone = mapPredictor(plain([]), model);
    expect([alone.batchable, (await load(alone)).batchable]).toEqual([false, false]);
    const single = defineModel({ ...model, predict: ({ x }) => ({ y: x.data.slice() }) });
    const mapped = mapPredictor(single, { ...model, batchable: true });
    expect([mapped.batchable, (await load(mapped)).batchable]).toEqual([false, false]);
    await expect(predictor.predict({ x: text("1+2") })).rejects.toMatchObject({
      reason: "INPUT_MISSING",
    });
  });

  it.each(["before", "after"])("MP2 an error of %s ends the call", async (which) => {
    const steps: string[] = [];
    const step = (name: string) => (values: Record<string, Tensor>) => {
      steps.push(name);
      if (name === which) throw new Error("by mistake");
      return values as never;
    };
    const mapped = mapPredictor(plain(steps), {
      ...model,
      before: step("before"),
      after: step("after"),
    });
    const predictor = await load(mapped);
    await expect(predictor.predict({ x: tensor("float32", [1], [1]) })).rejects.toMatchObject({
      code: "INTERNAL",
    });
    expect(steps).toEqual(which === "before" ? ["before"] : ["before", "model", "after"]);
  });

  it("MP3 passes inputs, deadline and signal on to each step", async () => {
    const clock = new FakeClock();
    const seen: unknown[] = [];
    const curious = defineModel({
      ...model,
      predict: ({ x }, _, { deadlineAtMs }) => {
        seen.push(deadlineAtMs);
        return { y: x.data.slice() };
      },
    });
    const mapped = mapPredictor(curious, {
      ...model,
      before: ({ x }, { deadlineAtMs, signal }) => {
        seen.push(deadlineAtMs, signal.aborted);
        return { x };
      },
      after: ({ y }, { deadlineAtMs, inputs }) => {
        seen.push(deadlineAtMs, inputs.x.data[0]);
        return { y: y as never };
      },
    });
    const deadlineAtMs = clock.now() + 9;
    const predictor = await load(mapped, { clock });
    await predictor.predict({ x: tensor("float32", [1], [7]) }, { deadlineAtMs });
    expect(seen).toEqual([deadlineAtMs, false, deadlineAtMs, deadlineAtMs, 7]);
    await clock.advance(9);
    expect(clock.pending).toBe(0);
  });

  it("MP5 disposal waits for calls in flight, and disposes the mapped predictor once", async () => {
    const steps: string[] = [];
    let end = () => {};
    const slow = defineModel({
      ...model,
      dispose: () => void steps.push("disposed"),
      predict: async ({ x }) => {
        await new Promise<void>((resolve) => {
          end = resolve;
        });
        return { y: x.data.slice() };
      },
    });
    const predictor = await load(mapPredictor(slow, model));
    const call = predictor.predict({ x: tensor("float32", [1], [1]) }).then(() => {
      steps.push("answered");
    });
    await turn();
    const disposals = [1, 2].map(() => predictor[Symbol.asyncDispose]?.());
    await turn();
    expect(steps).toEqual([]);
    end();
    await Promise.all([call, ...disposals]);
    await predictor[Symbol.asyncDispose]?.();
    expect(steps).toEqual(["answered", "disposed"]);
  });

  it("MP6 is shared as its platform is, under its own name, and mapped where it is attached", async () => {
    const before = held;
    const unshared: SharedPredictor[] = [];
    const sharing = definePlatform({
      name: "sharing",
      load: async ({ signal }) => {
        const predictor = await sums.loader().load({ id, signal });
        return Object.assign(predictor, {
          share: () => ({ platform: "sharing", address: 5n }),
          unshare: (shared: SharedPredictor) => void unshared.push(shared),
        });
      },
      attach: async (shared) => {
        expect(shared).toEqual({ platform: "sharing", address: 5n });
        return sums.loader().load({ id, signal: never });
      },
    });
    const mapped = mapPredictor(sharing(), {
      ...texts,
      name: "mapped",
      before: ({ text }) => ({ x: stringsOf(text).map((one) => one.split("+").map(Number)) }),
      after: ({ sum }) => ({ answer: [...sum.data].map(String) }),
    });
    const predictor = await load(mapped as never);
    const shared = predictor.share?.() as SharedPredictor;
    expect(shared).toEqual({ platform: "mapped", address: 5n });
    const attached = await mapped.attach?.(shared);
    const { answer } = (await attached?.predict({ text: text("3+4") })) ?? {};
    expect(stringsOf(answer as Tensor<"string">)).toEqual(["7"]);
    predictor.unshare?.(shared);
    expect(unshared).toHaveLength(1);
    await Promise.all([predictor[Symbol.asyncDispose]?.(), attached?.[Symbol.asyncDispose]?.()]);
    expect(held).toBe(before);
  });

  it("MP6 does not take the name by which the mapped platform is attached", async () => {
    const sharing = definePlatform({
      name: "sharing",
      load: async ({ signal }) => {
        const predictor = await sums.loader().load({ id, signal });
        return Object.assign(predictor, { share: () => ({ platform: "sharing" }) });
      },
    });
    const mapped = mapPredictor(sharing(), { inputs: {}, outputs: {} });
    const predictor = await load(mapped as never);
    expect(predictor.share?.()).toEqual({ platform: "mapped-sharing" });
    await predictor[Symbol.asyncDispose]?.();
    const same = () => mapPredictor(sharing(), { name: "sharing", inputs: {}, outputs: {} });
    expect(same).toThrow('name must differ from that of the mapped platform; got "sharing"');
  });

  it("MP7 rejects a model that does not fit, and disposes it", async () => {
    const before = held;
    const expects = {
      signatures: { serving_default: { inputs: { z: spec.int32([-1]) }, outputs: {} } },
    };
    const unfit = mapPredictor(folders(), { ...model, expects });
    await expect(
      unfit.loader({ path: good }, id).load({ id, signal: never }),
    ).rejects.toMatchObject({ reason: "MODEL_UNEXPECTED" });
    const unnamed = mapPredictor(sums, { ...model, signature: "none" });
    await expect(load(unnamed)).rejects.toMatchObject({ reason: "SIGNATURE_NOT_FOUND" });
    expect(held).toBe(before);
  });

  it("calls another signature of the model", async () => {
    const two = defineSignatures({
      signatures: { twice: { inputs: { x: spec.float32([]) }, outputs: { y: spec.float32([]) } } },
      predict: { twice: ({ x }) => ({ y: 2 * (x.data[0] ?? 0) }) },
    });
    const mapped = mapPredictor(two, {
      inputs: { x: spec.float32([]) },
      outputs: { y: spec.float32([]) },
      signature: "twice",
    });
    const { y } = await (await load(mapped as never)).predict({ x: tensor("float32", [], [4]) });
    expect(y?.data[0]).toBe(8);
  });

  it("shows callers' signature in what inspect prints, and rejects specs that are not valid", async () => {
    const mapped = mapPredictor(folders(), texts);
    expect((await mapped.inspect?.(good))?.description).toBe(
      `${good}\n  signature serving_default\n  signature as callers see it\n    input text string [?]\n    output answer string [?]`,
    );
    const wrong = () => mapPredictor(sums, { inputs: { x: "float32" } as never, outputs: {} });
    expect(wrong).toThrow('input "x": expected an object with dtype and shape');
  });
});
