import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readGraph } from "./read-graph.js";

const bytesOf = (path: string) => readFileSync(new URL(path, import.meta.url));
const model = (name: string) => bytesOf(`../../test/models/${name}.tflite`);

describe("readGraph", () => {
  it("reads operators with their names, versions, options and tensors", () => {
    const [main, cond] = readGraph(model("spin")).subgraphs;
    const loop = main?.operators.find(({ name }) => name === "WHILE");
    expect(loop).toMatchObject({ code: 119, version: 1, intermediates: [] });
    expect(loop?.inputs.length).toBe(loop?.outputs.length);
    expect([loop?.options?.int32(0), loop?.options?.int32(1)]).toEqual([1, 2]);
    expect(cond?.operators.map(({ name }) => name)).toContain("LESS");
  });

  it("reads tensors with types, shapes, constants and quantization", () => {
    const [graph] = readGraph(
      bytesOf("../../../../examples/models/digits/quantized/1/model.tflite"),
    ).subgraphs;
    const dense = graph?.operators.find(({ name }) => name === "FULLY_CONNECTED");
    const [image, weights] = (dense?.inputs ?? []).map((number) => graph?.tensors[number]);
    expect(image).toMatchObject({ shape: [1, 64], shapeSignature: [-1, 64], isVariable: false });
    expect(image).not.toHaveProperty("data");
    expect(weights).toMatchObject({ type: { name: "INT8" }, isSparse: false });
    expect(weights?.data?.length).toBe(weights?.shape.reduce((size, extent) => size * extent, 1));
    expect(weights?.quantization?.zeroPoint).toEqual([0n]);
  });

  it("reads the runtime that the converter says the model needs", () => {
    const { minRuntimeVersion, metadata } = readGraph(model("strings"));
    expect(minRuntimeVersion).toMatch(/^\d+\.\d+\.\d+$/);
    expect([...metadata.keys()]).toContain("min_runtime_version");
  });

  it("rejects a constant that lacks elements, as TensorFlow Lite does", () => {
    const bytes = Uint8Array.from(bytesOf("../../test/real-models/small/pads.tflite"));
    bytes[1_322] = (bytes[1_322] as number) ^ (1 << 4); // the shape of paddings: [1048579,2]
    expect(() => readGraph(bytes)).toThrow(
      "tensor 4 has 24 bytes of data, but INT32 of shape [1048579,2] needs 8388632",
    );
  });

  it("rejects an operator without operands, which XNNPACK reads without counting them", () => {
    const bytes = Uint8Array.from(
      bytesOf("../../test/real-models/small/attention_scores_int8.tflite"),
    );
    bytes[578] = (bytes[578] as number) ^ (1 << 3); // the field of the operator's inputs
    expect(() => readGraph(bytes)).toThrow("operator 0 (BATCH_MATMUL) needs 2 inputs, but has 0");
  });

  it("rejects an operator before the one whose output it reads, which damages the heap of TensorFlow Lite", () => {
    const name = "tfserving__half_plus_two_metadata_signature";
    const bytes = Uint8Array.from(bytesOf(`../../test/real-models/files/${name}.tflite`));
    expect(readGraph(bytes).subgraphs[0]?.operators.length).toBe(2);
    bytes[680] = (bytes[680] as number) ^ (1 << 2); // the first input of the first operator
    expect(() => readGraph(bytes)).toThrow(
      "operator 0 (MUL) reads tensor 4, which is an output of operator 1: expected an earlier one",
    );
  });

  it("parses or rejects any bytes, in bounded time", () => {
    const original = model("subgraphs");
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), {
          minLength: 1,
          maxLength: 8,
        }),
        (changes) => {
          const bytes = Uint8Array.from(original);
          for (const [at, value] of changes) bytes[at] = value;
          try {
            readGraph(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
