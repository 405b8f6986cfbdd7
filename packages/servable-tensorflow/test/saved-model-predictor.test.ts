import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { servableId, type WarmUpOutcome } from "@serving-kit/core";
import { type Tensor, type Tensors, tensor } from "@serving-kit/inference";
import { tfRecord } from "@serving-kit/tensorflow-wire";
import { turn } from "@serving-kit/testing";
import { afterAll, describe, expect, it } from "vitest";
import { nativeCounts } from "../src/native/native-counts.js";
import type { TensorFlowOptions } from "../src/options.js";
import { predictionLogType } from "../src/proto/schema.js";
import type { SavedModelPredictor } from "../src/saved-model-predictor.js";
import { tensorflow } from "../src/tensorflow.js";
import { WARM_UP_FILE } from "../src/warm-up/prediction-log.js";
import { digitsPath, load, skipReason, zooPath } from "./zoo.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Collects until no native tensor is shown any more. */
async function collectTensors(): Promise<number> {
  for (let i = 0; i < 50 && nativeCounts().tensors > 0; i++) {
    collectGarbage();
    await turn();
  }
  return nativeCounts().tensors;
}

async function withModel(
  name: string,
  options: TensorFlowOptions,
  test: (predictor: SavedModelPredictor) => Promise<void>,
): Promise<void> {
  const predictor = await load(name === "digits" ? digitsPath : zooPath(name), options);
  try {
    await test(predictor);
  } finally {
    await predictor[Symbol.asyncDispose]();
  }
}

/** Functions of their own, so that no variable of a test keeps the memory. */
const entries = (tensor?: Tensor) => tensor?.data as Float32Array;
const transfer = (tensor?: Tensor) =>
  structuredClone(tensor, { transfer: [entries(tensor).buffer as ArrayBuffer] });

const slow = (predictor: SavedModelPredictor, steps: number, options: object = {}) =>
  predictor.predict({ steps: tensor("int32", [1], [steps]) }, { signature: "slow", ...options });

describe.skipIf(skipReason)(`SavedModelPredictor${skipReason}`, () => {
  afterAll(async () => {
    expect(nativeCounts().sessions).toBe(0);
    expect(await collectTensors()).toBe(0);
  });

  /** Returns whether a call runs on the event loop: it has settled before the loop turns. */
  async function isInline(call: () => Promise<unknown>): Promise<boolean> {
    let hasSettled = false;
    const settled = call().then(() => {
      hasSettled = true;
    });
    for (let i = 0; i < 50; i++) await undefined;
    const result = hasSettled;
    await settled;
    return result;
  }

  it("never runs a signature with a loop on the event loop, however short its runs were", () =>
    withModel("trouble", {}, async (predictor) => {
      for (let i = 0; i < 10; i++) expect(await isInline(() => slow(predictor, 1))).toBe(false);
      expect(predictor.state).toBeUndefined();
    }));

  it("runs strings that are longer than those that were fast on a thread first", () =>
    withModel("strings", {}, async (predictor) => {
      const [name = ""] = predictor.signatures.get("serving_default")?.inputs.keys() ?? [];
      const isWordInline = (length: number) => {
        const data = [new TextEncoder().encode("a".repeat(length))];
        return isInline(() => predictor.predict({ [name]: { dtype: "string", shape: [1], data } }));
      };
      while (!(await isWordInline(10))); // until such runs were fast
      while (!(await isWordInline(5)));
      expect(await isWordInline(11)).toBe(false);
    }));

  it("keeps the state of a model whose signatures assign variables", () =>
    withModel("counter", {}, async ({ state }) => expect(state).toBe("keep")));

  it("reports signatures of every kind, and whether it is batchable", async () => {
    await withModel("digits", {}, async ({ signatures, batchable }) => {
      expect([...signatures.keys()]).toEqual(["serving_default"]);
      expect(batchable).toBe(true);
    });
    await withModel("arithmetic", {}, async ({ signatures, batchable }) => {
      expect(signatures.get("scaled")?.inputs.get("scale")?.isOptional).toBe(true);
      expect(batchable).toBe(false);
    });
    await withModel("shapes", { batchable: true }, async ({ signatures, batchable }) => {
      expect(signatures.get("serving_default")?.outputs.get("y")?.shape).toBeNull();
      expect(batchable).toBe(true);
    });
  });

  it("keeps a state between calls", () =>
    withModel("counter", {}, async (predictor) => {
      for (const amount of [2n, 40n]) {
        await predictor.predict({ amount: tensor("int64", [], [amount]) });
      }
      const { total } = await predictor.predict({}, { signature: "read" });
      expect(total?.data).toEqual(BigInt64Array.of(42n));
    }));

  it("chooses the graph by its tags, and reads .pbtxt", async () => {
    const inputs = { x: tensor("float32", [1], [4]) };
    for (const [name, tags] of [
      ["tf1", ["gpu", "serve"]],
      ["tf1-text", ["serve"]],
    ] as const) {
      await withModel(name, { tags }, async (predictor) => {
        expect((await predictor.predict(inputs)).y?.data).toEqual(Float32Array.of(4));
      });
    }
  });

  it("accepts and returns strings of megabytes, and frees them", () =>
    withModel("dtypes", {}, async (predictor) => {
      const long = new Uint8Array(5_000_000).map((_, i) => i);
      const call = () =>
        predictor.predict(
          { x: tensor("string", [2], [long, ""]) },
          { signature: "string", outputs: ["y"] },
        );
      const [first, second] = ((await call()).y as Tensor<"string">).data;
      expect(Buffer.compare(first?.subarray(0, -1) as Uint8Array, long)).toBe(0);
      expect(Buffer.from(second as Uint8Array).toString()).toBe("!");
      expect(nativeCounts().tensors).toBe(0);
      const before = process.memoryUsage.rss();
      for (let i = 0; i < 60; i++) await call();
      collectGarbage();
      // 600 MB of strings went through.
      expect(process.memoryUsage.rss() - before).toBeLessThan(200e6);
    }));

  it("shows large outputs without a copy, which outlive it and are freed when collected", async () => {
    let y: Tensor | undefined;
    await withModel("shapes", {}, async (predictor) => {
      const x = tensor("float32", [100, 1000], new Float32Array(100_000).fill(1));
      y = (await predictor.predict({ x }, { outputs: ["y"] })).y;
      expect(nativeCounts().tensors).toBe(1);
    });
    expect(entries(y).every((value) => value === 2)).toBe(true);
    // Another thread must not get the memory: what is refused since Node 21 is copied before.
    try {
      transfer(y);
    } catch {}
    expect(entries(y)).toHaveLength(100_000);
    y = undefined;
    expect(await collectTensors()).toBe(0);
  });

  it("provides memory for a large input, which is used without a copy", () =>
    withModel("shapes", {}, async (predictor) => {
      expect(predictor.allocate("float32", [10])).toBeUndefined();
      const x = predictor.allocate("float32", [100, 1000]) as Tensor<"float32">;
      x.data.fill(3);
      expect(nativeCounts().tensors).toBe(1);
      const { rank } = await predictor.predict({ x }, { outputs: ["rank"] });
      expect(rank?.data).toEqual(Int32Array.of(2));
      const { y } = await predictor.predict({ x }, { outputs: ["y"] });
      expect(entries(y)[99_999]).toBe(4);
      // Of another shape or a part, it is copied.
      const part = { ...x, shape: [50, 1000], data: x.data.subarray(0, 50_000) };
      const { shape } = await predictor.predict({ x: part }, { outputs: ["shape"] });
      expect(shape?.data).toEqual(Int32Array.of(50, 1000));
      const flat = await predictor.predict(
        { x: { ...x, shape: [100_000] } },
        { outputs: ["rank"] },
      );
      expect(flat.rank?.data).toEqual(Int32Array.of(1));
    }));

  it("rejects immediately when a deadline passes or a signal aborts, and cleans up after the run", () =>
    withModel("trouble", { concurrency: 1 }, async (predictor) => {
      const first = slow(predictor, 4_000);
      const deadlineAtMs = performance.now() + 5;
      await expect(slow(predictor, 4_000, { deadlineAtMs })).rejects.toMatchObject({
        code: "DEADLINE_EXCEEDED",
        message: "the deadline of the call passed before its outputs were computed",
      });
      await expect(slow(predictor, 1, { deadlineAtMs: 0 })).rejects.toMatchObject({
        reason: "DEADLINE_EXCEEDED",
      });
      const controller = new AbortController();
      const aborted = slow(predictor, 4_000, { signal: controller.signal });
      controller.abort(new Error("enough"));
      await expect(aborted).rejects.toThrow("enough");
      let isFirstDone = false;
      void first.then(() => {
        isFirstDone = true;
      });
      expect(isFirstDone).toBe(false);
      await first;
    }));

  it("runs no more calls at a time than its concurrency, in the order of their coming", () =>
    withModel("trouble", { concurrency: 1, execution: "thread" }, async (predictor) => {
      const ends: number[] = [];
      const calls = [3_000, 1, 500, 2].map((steps) =>
        slow(predictor, steps).then(() => ends.push(steps)),
      );
      await Promise.all(calls);
      expect(ends).toEqual([3_000, 1, 500, 2]);
    }));

  it("loads a model after one that failed, with options of the session too", async () => {
    const options = { intraOpThreads: 1 };
    for (let i = 0; i < 2; i++) {
      await expect(load(zooPath("missing-op"), options)).rejects.toMatchObject({
        reason: "SAVED_MODEL_LOAD_FAILED",
      });
      await withModel("digits", options, async ({ batchable }) => expect(batchable).toBe(true));
    }
  });

  it("rejects a model whose signatures read variables without a value, and names them", async () => {
    await expect(load(zooPath("unset"))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "VARIABLES_UNSET",
      details: { variables: ["lost", "lost_reference"] },
      message: expect.stringMatching(/: "lost", "lost_reference"; .*model\.export\(path\)/),
    });
  });

  it("loads a model whose signature assigns the variables that others read", () =>
    withModel("filled", {}, async (predictor) => {
      const x = tensor("float32", [2], [1, 2]);
      await expect(predictor.predict({ x })).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
      });
      const value = tensor("float32", [], [5]);
      await predictor.predict({ value }, { signature: "fill" });
      expect((await predictor.predict({ x })).y?.data).toEqual(Float32Array.of(11, 16));
    }));

  it("answers calls that need no ragged, sparse, variant or resource output, and names such a one", () =>
    withModel("kinds", {}, async (predictor) => {
      const x = tensor("float32", [2], [1, 2]);
      expect((await predictor.predict({ x }, { outputs: ["dense"] })).dense?.data).toEqual(
        Float32Array.of(2, 4),
      );
      for (const [name, problem] of [
        ["ragged", "is ragged"],
        ["sparse", "is sparse"],
        ["variant", "is of type variant"],
        ["resource", "is of type resource"],
      ]) {
        await expect(
          predictor.predict({ x }, { outputs: ["dense", `${name}`] }),
        ).rejects.toMatchObject({
          code: "UNIMPLEMENTED",
          reason: "OUTPUT_UNSUPPORTED",
          message: `output "${name}" ${problem} and cannot be returned; request other outputs: "dense"`,
        });
      }
      await expect(predictor.predict({ x })).rejects.toThrow('output "ragged" is ragged');
      await expect(
        predictor.predict({}, { signature: "__saved_model_init_op" }),
      ).rejects.toMatchObject({ reason: "SIGNATURE_UNSUPPORTED" });
    }));

  it("accepts options of the session", () =>
    withModel("digits", { intraOpThreads: 1, interOpThreads: 2 }, async (predictor) => {
      const image = tensor("float32", [2, 64], new Float32Array(128));
      expect((await predictor.predict({ image })).probabilities?.shape).toEqual([2, 10]);
    }));
});

describe.skipIf(skipReason)(`warming up${skipReason}`, () => {
  async function withWarmUp(
    name: string,
    calls: readonly { signature: string; inputs: Tensors }[],
    test: (folder: string) => Promise<void>,
  ): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
    try {
      await cp(zooPath(name), folder, { recursive: true });
      await mkdir(join(folder, "assets.extra"));
      await writeFile(join(folder, WARM_UP_FILE), Buffer.concat(calls.map(toRecord)));
      await test(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  function toRecord({ signature, inputs }: { signature: string; inputs: Tensors }) {
    const protos = Object.entries(inputs).map(([name, { dtype, shape, data }]) => {
      const tensorContent = new Uint8Array((data as Float32Array).buffer);
      const dtypes: Record<string, number> = { float32: 1, int64: 9 };
      return [
        name,
        {
          dtype: dtypes[dtype],
          tensorShape: { dim: shape.map((size) => ({ size })) },
          tensorContent,
        },
      ];
    });
    const request = { modelSpec: { signatureName: signature }, inputs: Object.fromEntries(protos) };
    const data = predictionLogType
      .encode(predictionLogType.fromObject({ predictLog: { request } }))
      .finish();
    return tfRecord(data);
  }

  const add = {
    signature: "serving_default",
    inputs: { amount: tensor("int64", [], [5n]) },
  };

  it("makes the calls of the model's file before it is available, or none", () =>
    withWarmUp("counter", [add, add], async (folder) => {
      for (const [warmup, total] of [
        ["file", 10n],
        ["synthetic", 10n],
        ["none", 0n],
      ] as const) {
        const predictor = await load(folder, { warmup });
        const outputs = await predictor.predict({}, { signature: "read" });
        expect(outputs.total?.data).toEqual(BigInt64Array.of(total));
        await predictor[Symbol.asyncDispose]();
      }
    }));

  it("follows the model's own setting over the platform's", () =>
    withWarmUp("counter", [add], async (folder) => {
      const id = servableId("counter", 1);
      for (const [warmup, warmUp, total] of [
        ["file", { enabled: false }, 0n],
        ["none", { enabled: true, iterations: 3 }, 15n],
      ] as const) {
        const loader = tensorflow({ warmup }).loader({ path: folder, options: { warmUp } }, id);
        const predictor = await loader.load({ id, signal: new AbortController().signal });
        const outputs = await predictor.predict({}, { signature: "read" });
        expect(outputs.total?.data).toEqual(BigInt64Array.of(total));
        await predictor[Symbol.asyncDispose]?.();
      }
    }));

  it("fails the load when one of them fails, naming it", async () => {
    const bad = { ...add, inputs: { x: tensor("float32", [], [-1]) } };
    await withWarmUp("trouble", [bad], async (folder) => {
      await expect(load(folder)).rejects.toMatchObject({
        reason: "WARM_UP_FAILED",
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining(
          `warming up the SavedModel in ${folder} failed at record 0 of its warm-up file: `,
        ),
      });
    });
    expect(nativeCounts().sessions).toBe(0);
  });

  it("is reported with the number of records, unless there is nothing to call", async () => {
    const { loadSavedModel } = await import("../src/load-saved-model.js");
    const { signal } = new AbortController();
    const told: WarmUpOutcome[] = [];
    const warmingUp = () => (outcome: WarmUpOutcome) => void told.push(outcome);
    await withWarmUp("counter", [add, add, add], async (folder) => {
      await using _ = await loadSavedModel(folder, {}, { signal, warmingUp });
      await using _none = await loadSavedModel(folder, { warmup: "none" }, { signal, warmingUp });
    });
    const bad = { ...add, inputs: { x: tensor("float32", [], [-1]) } };
    await withWarmUp("trouble", [bad], async (folder) => {
      const loading = loadSavedModel(folder, {}, { signal, warmingUp });
      await expect(loading).rejects.toMatchObject({ reason: "WARM_UP_FAILED" });
    });
    await using _ = await loadSavedModel(zooPath("counter"), {}, { signal, warmingUp });
    const error = expect.objectContaining({ reason: "WARM_UP_FAILED" });
    expect(told).toEqual([{ records: 3 }, { records: 1, error }]);
  });

  it("generates calls on request, and ignores rejections of generated calls", async () => {
    for (const name of ["jpeg", "digits", "trouble"]) {
      const predictor = await load(name === "digits" ? digitsPath : zooPath(name), {
        warmup: "synthetic",
      });
      await predictor[Symbol.asyncDispose]();
    }
  });
});
