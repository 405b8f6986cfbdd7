import { copyFileSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RAM_BYTES, servableId, unload, type WarmUpOutcome } from "@serving-kit/core";
import {
  elementCount,
  NUMERIC_DTYPES,
  type NumericDType,
  type Predictor,
  stringsOf,
  type Tensor,
  type Tensors,
  tensor,
} from "@serving-kit/inference";
import { isVersionWithin, nativeRuns } from "@serving-kit/native-library";
import { FakeClock } from "@serving-kit/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { libraryReport, nativeCounts, type TfliteOptions, tflite } from "../src/index.js";
import { openTflite } from "../src/native/library.js";
import { digits, floats, images, load, loaderOf, samples, testModel } from "./support.js";

const { canCancel, hasSignatureRunners } = await openTflite();

const closeTo = (actual: Tensor | undefined, expected: readonly number[], tolerance: number) =>
  expected.forEach((value, i) => {
    expect(Math.abs(Number(actual?.data[i]) - value)).toBeLessThanOrEqual(tolerance);
  });

describe("a .tflite model", () => {
  it.each([{}, { useXnnpack: false }, { threads: 2 }, { execution: "thread" }] as TfliteOptions[])(
    "answers on real images as Python does, to 1e-5, with %j",
    async (options) => {
      await using predictor = await load(digits("1"), options);
      for (const { image, probabilities } of samples) {
        closeTo((await predictor.predict(images(image))).probabilities, probabilities, 1e-5);
      }
    },
  );

  it("answers as Python does when it is quantized, integer for integer", async () => {
    await using predictor = await load(digits("quantized/1"), { useXnnpack: false });
    for (const { imageInt8, probabilitiesInt8 } of samples) {
      const { probabilities } = await predictor.predict({
        image: tensor("int8", [1, 64], imageInt8),
      });
      expect(Array.from(probabilities?.data as Int8Array)).toEqual(probabilitiesInt8);
    }
  });

  it("accepts and returns floats if only its inputs and outputs are not quantized", async () => {
    await using predictor = await load(digits("quantized/1"), { dequantize: true });
    const signature = predictor.signatures.get("serving_default");
    expect(signature?.inputs.get("image")).toEqual({
      dtype: "float32",
      shape: [-1, 64],
      nativeName: "serving_default_image:0",
    });
    for (const { image, label } of samples) {
      const { probabilities } = await predictor.predict(images(image));
      const data = Array.from(probabilities?.data as Float32Array);
      expect(data.indexOf(Math.max(...data))).toBe(label);
    }
  });

  it("resizes for batches of any size, zero included, and only when the size changes", async () => {
    await using predictor = await load(digits("1"));
    for (const count of [1, 5, 5, 2, 64, 1]) {
      const rows = samples.slice(0, count);
      const { probabilities } = await predictor.predict(images(...rows.map((s) => s.image)));
      expect(probabilities?.shape).toEqual([rows.length, 10]);
      closeTo(
        probabilities,
        rows.flatMap((s) => s.probabilities),
        1e-5,
      );
    }
    expect(nativeCounts().interpreters).toBe(1);
  });

  it("rejects a rank or fixed extent that differs from the file's, and continues", async () => {
    await using predictor = await load(digits("1"));
    for (const shape of [[64], [1, 63], [1, 64, 1], [1, 2 ** 32 + 64, 0]]) {
      const image = tensor("float32", shape, new Float32Array(elementCount(shape)));
      await expect(predictor.predict({ image })).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        reason: "TENSOR_SHAPE_MISMATCH",
        message: `tensor "image" must have shape [-1,64] (-1 is any); got [${shape}]`,
      });
    }
    const [first] = samples;
    if (first)
      closeTo(
        (await predictor.predict(images(first.image))).probabilities,
        first.probabilities,
        1e-5,
      );
  });

  it("passes every dtype in and out unchanged", async () => {
    await using predictor = await load(testModel("dtypes"));
    const dtypes = [...(predictor.signatures.get("serving_default")?.inputs.keys() ?? [])];
    const inputs = Object.fromEntries(
      (dtypes as NumericDType[]).map((dtype) => {
        const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
        const data = new array(12 * entriesPerElement);
        const bytes = new Uint8Array(data.buffer).map((_, i) =>
          dtype === "bool" ? i % 2 : 37 * i,
        );
        return [dtype, { dtype, shape: [3, 4], data: new array(bytes.buffer) } as Tensor];
      }),
    );
    const outputs = await predictor.predict(inputs);
    for (const dtype of dtypes as NumericDType[]) {
      const bytesOf = (tensors: Tensors) => {
        const { data } = tensors[dtype] as Tensor<typeof dtype>;
        return Buffer.from(data.buffer).toString("hex");
      };
      expect(outputs[dtype]).toMatchObject({ dtype, shape: [3, 2, 2] });
      expect(bytesOf(outputs)).toBe(bytesOf(inputs));
    }
  });

  it("accepts and returns strings of any bytes", async () => {
    await using predictor = await load(testModel("strings"));
    const words = tensor("string", [3], ["yes", "", Uint8Array.of(0, 255, 128)]);
    const indices = tensor("int32", [3], [2, 1, 0]);
    const { picked, equal } = await predictor.predict({ words, indices });
    expect((picked as Tensor<"string">).data.map((bytes) => [...bytes])).toEqual([
      [0, 255, 128],
      [],
      [121, 101, 115],
    ]);
    expect(stringsOf(picked as Tensor<"string">)[2]).toBe("yes");
    expect(Array.from(equal?.data as Uint8Array)).toEqual([0, 0, 1]);
  });

  it("returns outputs whose size is known only after the run", async () => {
    await using predictor = await load(testModel("dynamic"));
    const where = async (...data: number[]) => {
      const outputs = await predictor.predict({ x: tensor("float32", [2, data.length / 2], data) });
      expect(outputs.twice?.data).toEqual(Float32Array.from(data, (x) => 2 * x));
      return [outputs.where?.shape, Array.from(outputs.where?.data as BigInt64Array)];
    };
    expect(await where(1, -1, 2, 2)).toEqual([
      [3, 2],
      [0n, 0n, 1n, 0n, 1n, 1n],
    ]);
    expect(await where(-1, -1, -1, -1)).toEqual([[0, 2], []]);
    expect(await where(1, 1, 1, 1, 1, 1)).toEqual([
      [6, 2],
      [0n, 0n, 0n, 1n, 0n, 2n, 1n, 0n, 1n, 1n, 1n, 2n],
    ]);
  });

  it("forgets the state of variable tensors between calls", async () => {
    await using predictor = await load(testModel("rnn"), { warmup: false });
    for (const x of [1, 2, 3]) {
      const { y } = await predictor.predict({ x: tensor("float32", [1, 1, 1], [x]) });
      expect(Array.from(y?.data as Float32Array)).toEqual([x]);
    }
  });

  it("keeps an input that is flagged as a variable", async () => {
    await using predictor = await load(testModel("variable_input"));
    const inputs = { a: floats(5, 7), b: floats(2, 3) };
    for (let i = 0; i < 2; i++) {
      expect((await predictor.predict(inputs)).y?.data).toEqual(Float32Array.of(3, 4));
    }
  });

  it("reports its warm-up, if it has one", async () => {
    const told: WarmUpOutcome[] = [];
    const warmingUp = () => (outcome: WarmUpOutcome) => void told.push(outcome);
    const id = servableId("m", 1);
    for (const warmup of [true, false]) {
      const loader = tflite({ warmup }).loader({ path: testModel("rnn") }, id);
      await unload(await loader.load({ id, signal: new AbortController().signal, warmingUp }));
    }
    expect(told).toEqual([{ records: 0 }]);
  });

  it("follows the model's own warm-up setting over the platform's", async () => {
    const told: WarmUpOutcome[] = [];
    const warmingUp = () => (outcome: WarmUpOutcome) => void told.push(outcome);
    const id = servableId("m", 1);
    for (const enabled of [true, false]) {
      const storage = { path: testModel("rnn"), options: { warmUp: { enabled } } };
      const loader = tflite({ warmup: !enabled }).loader(storage, id);
      await unload(await loader.load({ id, signal: new AbortController().signal, warmingUp }));
    }
    expect(told).toEqual([{ records: 0 }]);
  });

  it("returns only the requested outputs", async () => {
    await using predictor = await load(testModel("dynamic"));
    const x = tensor("float32", [1, 1], [2]);
    expect(Object.keys(await predictor.predict({ x }, { outputs: ["twice"] }))).toEqual(["twice"]);
  });

  it("runs a signature on another subgraph, or rejects it if the runtime cannot", async () => {
    await using predictor = await load(testModel("subgraphs"));
    expect([...predictor.signatures.keys()]).toEqual(["serving_default", "triple"]);
    for (const rows of [1, 3, 1]) {
      const x = tensor("float32", [rows, 2], Array(2 * rows).fill(2));
      expect((await predictor.predict({ x })).y?.data).toEqual(x.data.map(() => 4));
      const triple = predictor.predict({ x }, { signature: "triple" });
      if (hasSignatureRunners) {
        expect((await triple).y).toEqual({ ...x, data: x.data.map(() => 6) });
      } else {
        await expect(triple).rejects.toMatchObject({
          code: "UNIMPLEMENTED",
          reason: "SIGNATURE_UNIMPLEMENTED",
          message: expect.stringMatching(
            /signature "triple" belongs to subgraph 1; TensorFlow Lite [\d.]+ runs only subgraph 0/,
          ),
        });
      }
    }
  });

  it("reports TensorFlow Lite's own message when a run fails, and works afterwards", async () => {
    await using predictor = await load(testModel("strings"));
    const words = tensor("string", [1], ["yes"]);
    for (let i = 0; i < 3; i++) {
      const outside = predictor.predict({ words, indices: tensor("int32", [1], [5]) });
      await expect(outside).rejects.toMatchObject({
        code: "INTERNAL",
        reason: "PREDICTION_FAILED",
        message: expect.stringMatching(/pos < num_strings .*\(GATHER\) failed to invoke/),
      });
      const { picked } = await predictor.predict({ words, indices: tensor("int32", [1], [0]) });
      expect(stringsOf(picked as Tensor<"string">)).toEqual(["yes"]);
    }
  });

  it("reads deadlines on the clock of the load", async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const id = servableId("digits", 1);
    await using predictor = (await loaderOf(digits("1")).load({ id, signal, clock })) as Predictor &
      AsyncDisposable;
    const call = (deadlineAtMs: number) =>
      predictor.predict(images(samples[0]?.image ?? []), { deadlineAtMs });
    await expect(call(clock.now() + 1)).resolves.toHaveProperty("probabilities");
    await expect(call(clock.now())).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  });

  it("rejects when the deadline has passed, without running", async () => {
    await using predictor = await load(digits("1"));
    const late = predictor.predict(images(samples[0]?.image ?? []), {
      deadlineAtMs: performance.now() - 1,
    });
    await expect(late).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  });
});

describe("operators that the runtime does not have", () => {
  it("are rejected by name before loading, which is not tried again", async () => {
    const before = nativeCounts();
    await expect(load(testModel("flex"))).rejects.toMatchObject({
      code: "UNIMPLEMENTED",
      reason: "MODEL_UNSUPPORTED",
      message: expect.stringMatching(
        /flex\.tflite uses TensorFlow operators that TensorFlow Lite .* does not have: FlexErfinv; convert it without SELECT_TF_OPS, or serve the SavedModel$/,
      ),
    });
    expect(nativeCounts()).toEqual(before);
  });
});

describe("fully connected layers quantized for each channel", () => {
  it("are computed, or rejected by a runtime that would compute them wrongly", async () => {
    const { opened } = await libraryReport();
    const loading = load(testModel("dense"));
    if (isVersionWithin(opened?.version ?? "", { atLeast: "2.17" })) {
      await using predictor = await loading;
      const { y } = await predictor.predict({ x: tensor("float32", [1, 4], [1, 1, -1, 2]) });
      closeTo(y, [8, 50], 3); // A step of the output, whose values of -40 to 680 have 8 bits, is 2.8.
    } else {
      await expect(loading).rejects.toMatchObject({
        code: "UNIMPLEMENTED",
        reason: "MODEL_UNSUPPORTED",
        message: expect.stringMatching(/dense\.tflite has fully connected layers quantized for/),
      });
    }
  });
});

describe("concurrent calls", () => {
  const steps = (n: number) => ({
    x: floats(0, 1, 2, 3, 4, 5, 6, 7),
    steps: tensor("int32", [], [n]),
  });

  it("have an interpreter each, made when needed, and at most as many as there may be", async () => {
    await using predictor = await load(testModel("spin"), { interpreters: 2 });
    expect(nativeCounts().interpreters).toBe(1);
    const expected = (await predictor.predict(steps(1000))).y?.data;
    const all = await Promise.all(Array.from({ length: 12 }, () => predictor.predict(steps(1000))));
    for (const { y } of all) expect(y?.data).toEqual(expected);
    await Promise.all(Array.from({ length: 6 }, () => predictor.predict(steps(50_000))));
    expect(nativeCounts().interpreters).toBe(2);
    expect(nativeRuns).toMatchObject({ held: 0, waiting: 0 });
  });

  it("that abort leave, and the run that was theirs does not disturb the next", async () => {
    await using predictor = await load(testModel("spin"), { interpreters: 1 });
    const controller = new AbortController();
    const { signal } = controller;
    const [running, waiting] = [1, 2].map(() => predictor.predict(steps(200_000), { signal }));
    const next = predictor.predict(steps(1));
    setImmediate(() => controller.abort(new Error("not wanted")));
    await expect(running).rejects.toThrow("not wanted");
    await expect(waiting).rejects.toThrow("not wanted");
    const answer = Array.from((await next).y?.data as Float32Array);
    // Runtimes differ in the last bit of a sine.
    for (const [x, y] of answer.entries()) expect(y).toBeCloseTo(Math.sin(x) + x, 5);
    expect(answer).toHaveLength(8);
  });

  it.runIf(canCancel)(
    "whose signal aborts or whose deadline passes are stopped (skipped: this runtime cannot cancel)",
    async () => {
      await using predictor = await load(testModel("spin"), { interpreters: 1 });
      const controller = new AbortController();
      const endless = steps(2 ** 31 - 1);
      const aborted = predictor.predict(endless, { signal: controller.signal });
      setImmediate(() => controller.abort(new Error("not wanted")));
      await expect(aborted).rejects.toThrow("not wanted");
      const late = predictor.predict(endless, { deadlineAtMs: performance.now() + 50 });
      await expect(late).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
      // On the only interpreter.
      expect((await predictor.predict(steps(0))).y?.data).toEqual(steps(0).x.data);
    },
  );

  it("are waited for by disposal, and everything is freed", async () => {
    const predictor = await load(testModel("spin"), { interpreters: 2 });
    const calls = Array.from({ length: 5 }, () => predictor.predict(steps(20_000)));
    const disposal = predictor[Symbol.asyncDispose]();
    expect(await Promise.all(calls)).toHaveLength(5);
    await disposal;
    expect(nativeCounts()).toEqual({ models: 0, interpreters: 0, delegates: 0 });
  });
});

describe("the files of a version", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "serving-kit-files-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const put = (name: string) => {
    copyFileSync(digits("1/model.tflite"), join(folder, name));
    return join(folder, name);
  };

  it("are a folder with model.tflite, or with one *.tflite, or the file", async () => {
    const one = put("digits.tflite");
    expect(await tflite().accepts(folder)).toBe(true);
    expect(await tflite().accepts(one)).toBe(true);
    put("other.tflite");
    expect(await tflite().accepts(folder)).toBe(true);
    put("model.tflite");
    expect(await tflite().accepts(folder)).toBe(true);
    expect(await tflite().accepts(join(folder, "missing"))).toBe(false);
    writeFileSync(join(folder, "model.bin"), "");
    expect(await tflite().accepts(join(folder, "model.bin"))).toBe(false);
  });

  it("that are missing or unknown are reported by name", async () => {
    await expect(load(folder)).rejects.toMatchObject({
      code: "NOT_FOUND",
      reason: "MODEL_FILE_MISSING",
      message: expect.stringContaining(`at ${folder}; the folder has no .tflite file`),
    });
    put("b.tflite");
    put("a.tflite");
    await expect(load(folder)).rejects.toThrow("the folder has 2: a.tflite, b.tflite");
  });

  it("are complete when the file is complete", async () => {
    const path = put("model.tflite");
    expect(await tflite().isComplete(folder)).toEqual({ isComplete: true });
    truncateSync(path, 5_000);
    expect(await tflite().isComplete(folder)).toEqual({
      isComplete: false,
      problem: expect.stringMatching(/model\.tflite is truncated or damaged: /),
    });
    expect(await tflite().isComplete(join(folder, "missing"))).toEqual({
      isComplete: false,
      problem: "there is nothing",
    });
  });

  it("that are others, or too many, are named with what to do", async () => {
    writeFileSync(join(folder, "hand.task"), "");
    expect(await tflite().isComplete(folder)).toEqual({
      isComplete: false,
      problem:
        "the folder has no .tflite file; hand.task is a MediaPipe task, which is a zip of .tflite files",
      remedy: "unpack it (unzip hand.task) and serve the .tflite file",
    });
    put("b.tflite");
    put("a.tflite");
    expect(await tflite().isComplete(folder)).toEqual({
      isComplete: false,
      problem: "the folder has 2: a.tflite, b.tflite",
      remedy: "keep one, or name one model.tflite",
    });
  });

  it("bound what a version will hold: the file, and each interpreter with packed weights", async () => {
    const path = put("model.tflite");
    const estimate = async (options: TfliteOptions, sizeBytes?: number) => {
      const storage = sizeBytes === undefined ? { path } : { path, sizeBytes };
      const resources = await tflite(options)
        .loader(storage, servableId("digits", 1))
        .estimateResources?.();
      return resources?.[RAM_BYTES];
    };
    expect(await estimate({ interpreters: 4 }, 1_000)).toBe(6_000);
    expect(await estimate({ interpreters: 1 })).toBe(Math.ceil(2.4 * statSync(path).size));
  });

  it("may be truncated or replaced under a loaded model", async () => {
    const path = put("model.tflite");
    await using predictor = await load(folder);
    truncateSync(path, 0);
    const { image, probabilities } = samples[0] ?? { image: [], probabilities: [] };
    closeTo((await predictor.predict(images(image))).probabilities, probabilities, 1e-5);
    writeFileSync(path, Buffer.alloc(20_000, 0xff));
    closeTo((await predictor.predict(images(image))).probabilities, probabilities, 1e-5);
  });
});

describe("the library", () => {
  it("is rejected if it differs from the open one", async () => {
    await using _ = await load(digits("1"));
    await expect(load(digits("1"), { library: "/nowhere/lib.so" })).rejects.toMatchObject({
      reason: "NATIVE_LIBRARY_CONFLICT",
    });
  });
});
