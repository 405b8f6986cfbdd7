import { readWholeFile, tensor } from "@serving-kit/inference";
import { NativeExecutor } from "@serving-kit/native-library";
import { describe, expect, it } from "vitest";
import type { TfliteOptions } from "../src/index.js";
import { parseModelFile } from "../src/model-file.js";
import { openTflite } from "../src/native/library.js";
import { NativeModel } from "../src/native/model.js";
import { load, testModel } from "./support.js";

/** The sum that `convolutions` of test/models/make.py adds. */
const added = (count: number) =>
  Array.from({ length: count }, (_, i) => 0.25 * (i % 7)).reduce((a, b) => a + b);

/** Returns whether the `TfLiteTensor` of input 0 or output 0 moves when memory is allocated, and in a run. */
async function moves(name: string): Promise<{ allocate: boolean; invoke: boolean }> {
  const tflite = await openTflite();
  const { bindings } = tflite;
  const path = testModel(name);
  const bytes = await readWholeFile(path);
  const { file } = parseModelFile(path, bytes);
  const model = new NativeModel(tflite, new NativeExecutor(), { path, file, bytes });
  const options = bindings.optionsCreate();
  const interpreter = bindings.interpreterCreate(model.pointer, options);
  bindings.optionsDelete(options);
  const tensors = () => `${bindings.input(interpreter, 0)} ${bindings.output(interpreter, 0)}`;
  const created = tensors();
  expect(bindings.allocateTensors(interpreter)).toBe(0);
  const allocated = tensors();
  expect(bindings.invoke(interpreter)).toBe(0);
  const invoked = tensors();
  bindings.interpreterDelete(interpreter);
  model.close();
  return { allocate: created !== allocated, invoke: allocated !== invoked };
}

/** Several interpreters: memory that was freed can be the memory that the tensors move to. */
async function tries(name: string) {
  const found = [];
  for (let i = 0; i < 10; i++) found.push(await moves(name));
  return found;
}

const runtimes: TfliteOptions[] = [
  { useXnnpack: false },
  { useXnnpack: false, execution: "inline" },
  {},
];

describe("tensors that TensorFlow Lite moves", () => {
  it("move in these models: while memory is allocated, and during the run", async () => {
    expect(await tries("many_temporaries")).toContainEqual({ allocate: true, invoke: false });
    expect(await tries("dynamic_temporaries")).toContainEqual({ allocate: false, invoke: true });
  });

  it.each(runtimes)("are found again after memory was allocated, with %j", async (options) => {
    await using predictor = await load(testModel("many_temporaries"), options);
    for (const shape of [
      [1, 1],
      [1, 1],
      [3, 2],
      [3, 2],
      [1, 1],
      [3, 2],
    ] as const) {
      const x = tensor("float32", [...shape, 3, 1], range(3 * shape[0] * shape[1]));
      const { y } = await predictor.predict({ x });
      expect(y).toEqual({ ...x, data: x.data.map((value) => value + added(130)) });
    }
  });

  it.each(runtimes)("are found again after a run, with %j", async (options) => {
    await using predictor = await load(testModel("dynamic_temporaries"), options);
    for (const rows of [1, 1, 4, 4, 1, 4]) {
      const x = tensor("float32", [rows + 1, 3], [-1, -1, -1, ...range(3 * rows)]);
      const { y, twice } = await predictor.predict({ x });
      const data = Float32Array.from(range(3 * rows), (value) => value + added(70));
      expect(y).toEqual({ dtype: "float32", shape: [rows, 3], data });
      expect(twice?.data).toEqual(x.data.map((value) => 2 * value));
    }
  });
});

const range = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
