import { expect, it } from "vitest";
import { nativeCounts } from "../src/index.js";
import { openTflite } from "../src/native/library.js";
import { createXnnpack, deleteXnnpack } from "../src/native/xnnpack.js";

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
  "the XNNPACK delegate takes quantized operators (the flags QS8 and QU8)",
  () => {
    expect(withDelegate(2, functions.flags) & 3).toBe(3);
  },
);
