import { expect, it } from "vitest";
import { nativeCounts } from "../src/index.js";
import { openTflite } from "../src/native/library.js";
import { createXnnpack, deleteXnnpack } from "../src/native/xnnpack.js";

import { load, testModel } from "./support.js";

const tflite = await openTflite();
const functions = tflite.library.functions({
  threadPool: ["TfLiteXNNPackDelegateGetThreadPool", "void *", "void *"],
  flags: ["TfLiteXNNPackDelegateGetFlags", "int", "void *"],
});

function withDelegate<T>(threads: number, use: (delegate: bigint) => T): T {
  const delegate = createXnnpack(tflite, threads);
  try {
    return use(delegate as bigint);
  } finally {
    deleteXnnpack(tflite, delegate);
    expect(nativeCounts().delegates).toBe(0);
  }
}

it("the XNNPACK delegate has a thread pool only for more than one thread", () => {
  expect(withDelegate(1, functions.threadPool)).toBeNull();
  expect(withDelegate(2, functions.threadPool)).not.toBeNull();
});

it.runIf(tflite.library.has("TfLiteXNNPackDelegateGetFlags"))(
  "the XNNPACK delegate takes quantized operators, the flags QS8 and QU8 (skipped: this runtime does not report flags)",
  () => {
    expect(withDelegate(2, functions.flags) & 3).toBe(3);
  },
);

it("a graph that XNNPACK cannot take is rejected if XNNPACK is required, and runs without it otherwise", async () => {
  const path = testModel("dynamic_temporaries");
  const required = await load(path, { useXnnpack: true }).then(
    (predictor) => predictor[Symbol.asyncDispose](),
    (error) => error,
  );
  await using predictor = await load(path);
  // 2.21 takes a part of it, 2.9 nothing.
  if (required === undefined) expect(predictor.delegation?.delegated).toBeGreaterThan(0);
  else {
    expect(required).toMatchObject({ reason: "MODEL_REFUSED" });
    expect(required.message).toContain("XNNPACK cannot take tensors whose size only the run tells");
    expect(predictor.delegation).toEqual({ delegated: 0, operators: 77 });
  }
  expect(nativeCounts().models).toBe(1);
});
