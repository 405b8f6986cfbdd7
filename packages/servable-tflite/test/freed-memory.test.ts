import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { loadModel } from "../src/load-model.js";

const { returned } = vi.hoisted(() => ({ returned: vi.fn<() => Promise<void>>(async () => {}) }));

vi.mock("@serving-kit/native-library", async (original) => ({
  ...(await original<object>()),
  returnFreedMemory: returned,
}));

it("a disposed model returns its memory to the system", async () => {
  const predictor = await loadModel(join(import.meta.dirname, "models/total.tflite"), {});
  expect(returned).not.toHaveBeenCalled();
  await predictor[Symbol.asyncDispose]();
  expect(returned).toHaveBeenCalledTimes(1);
});
