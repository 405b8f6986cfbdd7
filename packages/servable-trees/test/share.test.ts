import { Worker } from "node:worker_threads";
import type { SharedPredictor, Tensor } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { type Answer, exampleNamed, load, modelFile, platformOf, rowsOf } from "./support.js";

/** Attaches in a worker thread and calls there. */
const CHILD = `
const { parentPort, workerData } = require("node:worker_threads");
const { shared, library, inputs, signature, support } = workerData;
import("tsx/esm/api").then(async ({ register }) => {
  register();
  const { platformOf } = await import(support);
  const predictor = await platformOf(library).attach(shared);
  const outputs = await predictor.predict(inputs, { signature });
  await predictor[Symbol.asyncDispose]();
  parentPort.postMessage(outputs);
});
`;

async function callInThread(
  shared: SharedPredictor,
  library: string,
  inputs: object,
  signature: string,
): Promise<Record<string, Tensor>> {
  const support = new URL("./support.ts", import.meta.url).href;
  const worker = new Worker(CHILD, {
    eval: true,
    workerData: { shared, library, inputs, signature, support },
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

describe("share and attach", () => {
  it.each([
    ["binary", "auto"],
    ["binary", "javascript"],
    ["dart", "auto"],
    ["categories", "auto"],
    ["linear", "auto"],
    ["lgb-binary", "auto"],
  ] as const)(
    "%s, kernel %s: attached predictors answer alike from the same memory",
    async (name, kernel) => {
      const example = exampleNamed(name);
      await using predictor = await load(example.files[0] as string, example.library, { kernel });
      const attach = platformOf(example.library).attach;
      const shared = predictor.share?.() as SharedPredictor;
      const own = (await attach?.(shared)) as typeof predictor;
      const inputs = rowsOf(example);
      const margin = example.answer("margin") as Answer;
      const outputs = await own.predict(inputs, { signature: "margin" });
      expect(outputs.margin?.data).toEqual(margin.data);
      await own[Symbol.asyncDispose]();
      // The memory of a disposed one is used again, and the first one still answers.
      for (let i = 0; i < 300; i++) {
        const another = (await attach?.(shared)) as typeof predictor;
        await another[Symbol.asyncDispose]();
      }
      const again = await predictor.predict(inputs, { signature: "margin" });
      expect(again.margin?.data).toEqual(margin.data);
    },
  );

  it("works in a worker thread", { timeout: 60_000 }, async () => {
    const example = exampleNamed("softprob");
    await using predictor = await load(modelFile("softprob.ubj"), "xgboost");
    const shared = predictor.share?.() as SharedPredictor;
    const inputs = rowsOf(example);
    const outputs = await callInThread(shared, "xgboost", inputs, "margin");
    expect(outputs.margin?.data).toEqual((example.answer("margin") as Answer).data);
  });

  it("rejects tokens of others, and copies", async () => {
    const { attach } = platformOf("xgboost");
    await using lightgbm = await load(modelFile("lgb-binary.txt"), "lightgbm");
    for (const token of [lightgbm.share?.(), { platform: "xgboost" }, undefined]) {
      await expect(attach?.(token as SharedPredictor)).rejects.toMatchObject({
        reason: "SHARED_PREDICTOR_INVALID",
      });
    }
  });

  it("share rejects after disposal", async () => {
    const predictor = await load(modelFile("binary.ubj"), "xgboost");
    await predictor[Symbol.asyncDispose]();
    expect(() => predictor.share?.()).toThrow("disposed");
  });
});
