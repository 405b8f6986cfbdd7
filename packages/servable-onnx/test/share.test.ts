import { Worker } from "node:worker_threads";
import type { SharedPredictor, Tensors } from "@serving-kit/inference";
import { turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { nativeCounts, onnx } from "../src/index.js";
import { expectedCalls, hasLibrary, loadNamed, skipped } from "./support.js";

/** Attaches in a worker thread and calls there, many times. */
const CHILD = `
const { parentPort, workerData } = require("node:worker_threads");
const { shared, inputs, module } = workerData;
import("tsx/esm/api").then(async ({ register }) => {
  register();
  const { onnx } = await import(module);
  const predictor = await onnx().attach(shared);
  let outputs;
  for (let i = 0; i < 500; i++) outputs = await predictor.predict(inputs);
  await predictor[Symbol.asyncDispose]();
  parentPort.postMessage(outputs);
});
`;

async function callInThread(shared: SharedPredictor, inputs: Tensors): Promise<Tensors> {
  const module = new URL("../src/index.ts", import.meta.url).href;
  const worker = new Worker(CHILD, {
    eval: true,
    workerData: { shared, inputs: { ...inputs }, module },
    execArgv: ["--conditions=@serving-kit/source"],
  });
  try {
    return await new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
  } finally {
    await worker.terminate();
  }
}

describe.skipIf(!hasLibrary)(`share and attach${skipped}`, () => {
  it("one session answers in four workers", { timeout: 60_000 }, async () => {
    const predictor = await loadNamed("dense");
    const [call] = expectedCalls("dense");
    const shared = predictor.share?.() as SharedPredictor;
    const calls = Array.from({ length: 4 }, () => callInThread(shared, call?.inputs ?? {}));
    for (const outputs of await Promise.all(calls)) {
      expect(outputs.y?.data).toEqual(call?.outputs.y?.data);
    }
    expect(nativeCounts().sessions).toBe(1);
    await predictor[Symbol.asyncDispose]();
    expect(nativeCounts().sessions).toBe(0);
  });

  it("disposal waits for attached predictors, or takes them back", async () => {
    const predictor = await loadNamed("dense");
    const shared = predictor.share?.() as SharedPredictor;
    await onnx().attach?.(shared);
    let isDisposed = false;
    const disposal = predictor[Symbol.asyncDispose]().then(() => {
      isDisposed = true;
    });
    await turn();
    expect(isDisposed).toBe(false);
    predictor.unshare?.(shared);
    await disposal;
    await expect(onnx().attach?.(shared)).rejects.toThrow("its predictor is disposed");
  });

  it("rejects tokens of others", async () => {
    const { attach } = onnx();
    await expect(attach?.({ platform: "other" })).rejects.toMatchObject({
      reason: "SHARED_PREDICTOR_INVALID",
    });
    await using predictor = await loadNamed("dense");
    const shared = predictor.share?.() as SharedPredictor;
    await expect(attach?.({ ...shared, process: 1 } as never)).rejects.toThrow("process 1");
  });
});
