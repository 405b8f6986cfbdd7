import { readWholeFile, tensor } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { parseModelFile } from "../src/model-file.js";
import { openTflite } from "../src/native/library.js";
import { TensorTable } from "../src/native/tensor-table.js";
import { load, testModel } from "./support.js";

const image = (...shape: number[]) =>
  tensor("float32", shape, Array(shape.reduce((a, b) => a * b)).fill(0.5));

describe("a shape that a model cannot run on", () => {
  it.each([
    [1, 1, 1, 3],
    [1, 3, 3, 3],
    [1, 5, 5, 3],
    [0, 9, 9, 3],
  ])(
    "is an error of the call, and the next call is answered: [%i, %i, %i, %i]",
    async (...shape) => {
      await using predictor = await load(testModel("depthwise"), { useXnnpack: false });
      for (let i = 0; i < 2; i++) {
        await expect(predictor.predict({ image: image(...shape) })).rejects.toMatchObject({
          code: "INVALID_ARGUMENT",
          reason: "TENSOR_SHAPE_REFUSED",
          message: expect.stringMatching(
            /\(DEPTHWISE_CONV_2D\) would have a tensor without elements/,
          ),
        });
        const { y } = await predictor.predict({ image: image(2, 9, 9, 3) });
        expect(y?.shape).toEqual([2, 3]);
      }
    },
  );

  it("is answered or an error of the call with XNNPACK", async () => {
    await using predictor = await load(testModel("depthwise"));
    for (const size of [1, 3, 9, 5, 11]) {
      await predictor.predict({ image: image(1, size, size, 3) }).then(
        ({ y }) => expect(y?.shape).toEqual([1, 3]),
        (error) => expect(error).toMatchObject({ reason: "TENSOR_SHAPE_REFUSED" }),
      );
    }
    const { y } = await predictor.predict({ image: image(1, 9, 9, 3) });
    expect(y?.shape).toEqual([1, 3]);
  });

  it("is found even if an operator runs only on rows that the run selects", async () => {
    await using predictor = await load(testModel("dynamic_temporaries"), { useXnnpack: false });
    for (const rows of [2, 1, 3, 2]) {
      const x = tensor("float32", [rows, 3], Array(3 * rows).fill(1));
      expect((await predictor.predict({ x })).y?.shape).toEqual([rows, 3]);
    }
  });
});

describe("TensorTable", () => {
  it("finds the tensors that the C API finds, by their numbers in the file", async () => {
    const { bindings, library } = await openTflite();
    const path = testModel("many_temporaries");
    const bytes = await readWholeFile(path);
    const [subgraph] = parseModelFile(path, bytes).graph.subgraphs;
    const model = bindings.modelCreate(bytes, bytes.length);
    const interpreter = bindings.interpreterCreate(model, null);
    expect(bindings.allocateTensors(interpreter)).toBe(0);
    const table = TensorTable.of([
      { number: subgraph?.inputs[0] as number, pointer: bindings.input(interpreter, 0) },
      { number: subgraph?.outputs[0] as number, pointer: bindings.output(interpreter, 0) },
    ]);
    const functions = library.functions({
      nameOf: ["TfLiteTensorName", "str", "void *"],
      tensor: ["TfLiteInterpreterGetTensor", "void *", "void *", "int"],
    });
    const hasTensor = library.has("TfLiteInterpreterGetTensor");
    for (const { index, name } of subgraph?.tensors ?? []) {
      const pointer = table?.at(index) as bigint;
      expect(functions.nameOf(pointer)).toBe(name);
      if (hasTensor) expect(pointer).toBe(functions.tensor(interpreter, index));
    }
    bindings.interpreterDelete(interpreter);
    bindings.modelDelete(model);
  });
});
