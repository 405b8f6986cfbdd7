import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readGraph } from "./graph/read-graph.js";
import { isBatchable, readModelFile } from "./model-file.js";
import { toSignature } from "./model-signature.js";

const digits = "../../../examples/models/digits";
const read = (path: string) => readModelFile(readFileSync(new URL(path, import.meta.url))).file;
const signatureOf = (path: string, name = "serving_default") => {
  const signature = read(path).signatures.get(name);
  if (signature === undefined) throw new Error(`${path} has no signature ${name}`);
  return toSignature(name, signature);
};

describe("readModelFile", () => {
  it("reads signatures from the SignatureDefs, with names inside the model", () => {
    const { inputs, outputs } = signatureOf(`${digits}/1/model.tflite`);
    expect([...inputs]).toEqual([
      ["image", { dtype: "float32", shape: [-1, 64], nativeName: "serving_default_image:0" }],
    ]);
    expect([...outputs.keys()]).toEqual(["probabilities"]);
  });

  it("reads quantization parameters", () => {
    const { inputs } = signatureOf(`${digits}/quantized/1/model.tflite`);
    expect(inputs.get("image")).toMatchObject({
      dtype: "int8",
      quantization: { scale: [Math.fround(1 / 255)], zeroPoint: [-128] },
    });
  });

  it("makes a signature from the tensors of a file without SignatureDefs", () => {
    const { inputs, outputs } = signatureOf("../test/models/rnn.tflite");
    expect([...inputs]).toEqual([["x", { dtype: "float32", shape: [1, 1, 1], nativeName: "x" }]]);
    expect([...outputs.keys()]).toEqual(["y"]);
  });

  it("reads SignatureDefs of the metadata, whose tensors can have names with or without :0", () => {
    const signature = signatureOf("../test/models/metadata_signatures.tflite");
    const { methodName, inputs, outputs } = signature;
    expect(methodName).toBe("tensorflow/serving/predict");
    expect([...inputs]).toEqual([
      ["x", { dtype: "float32", shape: [-1, 1], nativeName: "tflite_input" }],
    ]);
    expect([...outputs.keys()]).toEqual(["y"]);
    expect(signatureOf("../test/models/metadata_signatures.tflite", "regress")).toMatchObject({
      methodName: "tensorflow/serving/regress",
      inputs: new Map([["inputs", inputs.get("x")]]),
      outputs: new Map([["outputs", outputs.get("y")]]),
    });
  });

  it("rejects a SignatureDef of the metadata that names no input or output", () => {
    const bytes = readFileSync(
      new URL("../test/models/metadata_signatures.tflite", import.meta.url),
    );
    bytes[bytes.lastIndexOf("tflite_input")] = 0x58;
    expect(() => readModelFile(bytes)).toThrow(/names tensor "tflite_input(:0)?" as "(x|inputs)"/);
  });

  it("names the default signature's tensors as TF Serving's clients do", () => {
    const { inputs, outputs, aliases } = signatureOf("../test/models/dynamic.tflite");
    const names = aliases?.map((form) => [...form.inputs.keys(), ...form.outputs.keys()]);
    expect([...inputs.keys(), ...outputs.keys()]).toEqual(["x", "twice", "where"]);
    expect(names).toEqual([
      ["serving_default_x", "PartitionedCall:0", "PartitionedCall:1"],
      ["serving_default_x:0", "PartitionedCall:0", "PartitionedCall:1"],
    ]);
    expect(signatureOf("../test/models/rnn.tflite").aliases).toBeUndefined();
    expect(signatureOf("../test/models/subgraphs.tflite", "triple").aliases).toBeUndefined();
  });

  it("reads every dtype that a tensor can have", () => {
    const { inputs } = signatureOf("../test/models/dtypes.tflite");
    expect([...inputs].every(([name, { dtype }]) => name === dtype)).toBe(true);
    expect(inputs.size).toBe(13);
  });

  it("returns the subgraph that a signature runs", () => {
    const { signatures } = read("../test/models/subgraphs.tflite");
    expect([...signatures].map(([name, { subgraph }]) => [name, subgraph])).toEqual([
      ["serving_default", 0],
      ["triple", 1],
    ]);
  });

  it("returns whether the model keeps state in variables", () => {
    expect(read("../test/models/rnn.tflite").state).toBe("variables");
    expect(read("../test/models/total.tflite").state).toBe("resources");
    expect(read("../test/models/constants.tflite").state).toBe("none");
    expect(read("../test/models/spin.tflite").state).toBe("none");
  });

  it("returns whether the time of a run depends on the data", () => {
    for (const name of ["spin", "endless", "strings", "flex"]) {
      expect([name, read(`../test/models/${name}.tflite`).hasOpenRunTime]).toEqual([name, true]);
    }
    expect(read("../test/models/rnn.tflite").hasOpenRunTime).toBe(false);
    expect(read(`${digits}/1/model.tflite`).hasOpenRunTime).toBe(false);
  });

  it("is batchable if dimension 0 of every input and output may have any extent", () => {
    expect(isBatchable(read(`${digits}/1/model.tflite`))).toBe(true);
    expect(isBatchable(read("../test/models/spin.tflite"))).toBe(false);
    expect(isBatchable(read("../test/models/rnn.tflite"))).toBe(false);
  });

  it.each(["dynamic", "dtypes", "strings", "subgraphs", "rnn"])(
    "refuses every prefix of %s",
    (name) => {
      const bytes = readFileSync(new URL(`../test/models/${name}.tflite`, import.meta.url));
      for (let length = 0; length < bytes.length; length++) {
        expect(() => readModelFile(bytes.subarray(0, length)), `${length} bytes`).toThrow(
          RangeError,
        );
      }
    },
  );

  it("makes the outputs of operators that parse examples inputs of the graph that runs", () => {
    const bytes = readFileSync(new URL("../test/models/parse_example.tflite", import.meta.url));
    const [before] = readGraph(bytes).subgraphs;
    const { graph, file } = readModelFile(bytes);
    const [primary] = graph.subgraphs;
    const [parse, ...rest] = before?.operators ?? [];
    expect(primary?.operators.map(({ name }) => name)).toEqual(rest.map(({ name }) => name));
    expect(primary?.inputs).toEqual([...(before?.inputs ?? []), ...(parse?.outputs ?? [])]);
    expect(file.signatures.get("serving_default")).toMatchObject({
      callInputs: [{ name: "examples", index: 0 }],
      inputs: [1, 2, 3, 4, 5, 6].map((index) => ({ index })),
    });
    expect(isBatchable(file)).toBe(false); // The shape of the sparse output has no rows.
  });

  it("parses or rejects any bytes of a file with such an operator", () => {
    const original = readFileSync(new URL("../test/models/parse_example.tflite", import.meta.url));
    const change = fc.tuple(fc.nat(original.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const bytes = Uint8Array.from(original);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          readModelFile(bytes);
        } catch (error) {
          expect(["RangeError", "ServingError"]).toContain((error as Error).name);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("rejects tensors that no machine can allocate", () => {
    const bytes = readFileSync(new URL("../test/models/rnn.tflite", import.meta.url));
    const ones = Buffer.from(Int32Array.of(3, 1, 1, 1).buffer);
    for (let at = bytes.indexOf(ones); at !== -1; at = bytes.indexOf(ones, at + 1)) {
      bytes.writeInt32LE(2 ** 30, at + 4);
    }
    expect(() => readModelFile(bytes)).toThrow(
      /shape \[1073741824,1,1\] is more than can be allocated/,
    );
  });
});
