import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { tflite } from "../src/index.js";
import { digits, load } from "./support.js";

const flags = ["--conditions=@serving-kit/source", "--import", "tsx"];

describe("sharing a predictor with worker threads", () => {
  it("answers the same in each, also when the one who loaded it is gone", async () => {
    const child = fileURLToPath(new URL("./share-child.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, child]);
    const { own, answers, later, counts } = JSON.parse(stdout);
    expect(own).toHaveLength(10);
    expect([...answers, ...later]).toEqual([own, own, own, own]);
    expect(Object.values(counts)).toEqual(Object.values(counts).map(() => 0));
  }, 40_000);

  it("returns bytes that threads share, and the open library", async () => {
    const predictor = await load(digits("1"), { dequantize: true });
    const shared = predictor.share?.() as never;
    const { model, options } = structuredClone(shared) as {
      model: { bytes: Uint8Array };
      options: object;
    };
    expect(model.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(options).toMatchObject({ dequantize: true, library: expect.stringContaining("tflite") });
    await predictor[Symbol.asyncDispose]();
    expect(() => predictor.share?.()).toThrow("the predictor was disposed");
  });

  it("attaches nothing but what a predictor shared", async () => {
    const { attach } = tflite();
    await expect(attach?.({ platform: "other" })).rejects.toThrow("it is something else");
    const copied = { platform: "tflite", model: { path: "m", bytes: new Uint8Array(8) } };
    await expect(attach?.(copied as never)).rejects.toMatchObject({
      reason: "SHARED_PREDICTOR_INVALID",
      message: expect.stringContaining("its memory is not shared"),
    });
  });
});
