import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUILTIN_OPERATORS, CUSTOM } from "../graph/builtin-operators.js";
import type { Graph, Operator } from "../graph/graph.js";
import { readGraph } from "../graph/read-graph.js";
import { requirementsOf, unmetRequirements } from "./runtime-requirements.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "serving-kit-requirements-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const operator = (name: string, version: number): Operator => {
  const code = BUILTIN_OPERATORS.indexOf(name);
  const isCustom = code === -1;
  const custom = isCustom && { customCode: name };
  const tensors = { inputs: [], outputs: [], intermediates: [] };
  return { index: 0, code: isCustom ? CUSTOM : code, name, version, ...tensors, ...custom };
};
const graphOf = (operators: Operator[], minRuntimeVersion?: string): Graph => ({
  subgraphs: [{ index: 0, name: "", tensors: [], inputs: [], outputs: [], operators }],
  signatureDefs: [],
  metadata: new Map(),
  ...(minRuntimeVersion !== undefined && { minRuntimeVersion }),
});
const read = (path: string) => readGraph(readFileSync(new URL(path, import.meta.url)));

const library = (version: string, contents = "") => {
  const path = join(folder, `library-${version}`);
  writeFileSync(path, contents);
  const attempts = [{ origin: "npm package new", outcome: "is not installed" }];
  return { version, path, origin: "npm package old", attempts };
};
const reasonsFor = (graph: Graph, ...runtime: Parameters<typeof library>) =>
  unmetRequirements(requirementsOf(graph), library(...runtime));

describe("requirementsOf", () => {
  it("counts operators by version, and finds the first runtime that has them all", () => {
    const graph = graphOf([operator("GELU", 1), operator("ADD", 5), operator("GELU", 1)], "2.13.0");
    expect(requirementsOf(graph)).toEqual({
      operators: [
        { name: "ADD", version: 5, kind: "builtin", count: 1 },
        { name: "GELU", version: 1, kind: "builtin", count: 2 },
      ],
      wrongKernels: [],
      runtime: "2.13",
      minRuntimeVersion: "2.13.0",
    });
  });

  it("counts kernels that older runtimes get wrong, which converters do not", () => {
    const { runtime, minRuntimeVersion } = requirementsOf(read("../../test/models/dense.tflite"));
    expect([runtime, minRuntimeVersion]).toEqual(["2.17", "1.14.0"]);
  });

  it("knows no runtime for a version that none has", () => {
    expect(requirementsOf(graphOf([operator("ADD", 99)])).runtime).toBeUndefined();
  });
});

describe("unmetRequirements", () => {
  it("are none for a runtime that has everything", async () => {
    const graph = graphOf([operator("GELU", 2), operator("ADD", 5), operator("Mfcc", 1)]);
    expect(await reasonsFor(graph, "2.21.0", "\0Mfcc\0")).toEqual([]);
  });

  it("name builtin operators, their versions, the runtime and the runtime that has them", async () => {
    const graph = graphOf([operator("BITCAST", 1), operator("ADD", 4), operator("ADD", 5)]);
    expect(await reasonsFor(graph, "2.9.0")).toEqual([
      "uses operators that TensorFlow Lite 2.9.0 (npm package old; npm package new: is not installed) does not have: ADD version 5 (since 2.13), BITCAST version 1 (since 2.13); use TensorFlow Lite >= 2.13",
    ]);
  });

  it("report what the file says of an operator that no known runtime has", async () => {
    const graph = graphOf([operator("ADD", 9)], "2.31.0");
    expect(await reasonsFor(graph, "2.23.0")).toEqual([
      expect.stringMatching(
        /ADD version 9 \(not before 2\.24\); use a TensorFlow Lite that has them; the file names 2\.31\.0$/,
      ),
    ]);
    expect(await reasonsFor(graph, "2.24.0")).toEqual([]);
  });

  it("name TensorFlow's operators and custom operators, unless the library has their names", async () => {
    const graph = graphOf([operator("FlexStringLower", 1), operator("Own", 1)]);
    expect(await reasonsFor(graph, "2.21.0", "Owner\0")).toEqual([
      expect.stringMatching(
        /^uses TensorFlow operators .*: FlexStringLower; convert it without SELECT_TF_OPS, or serve the SavedModel$/,
      ),
      expect.stringMatching(/^uses custom operators .*: Own; convert it without them, or set SERV/),
    ]);
    expect(await reasonsFor(graph, "2.21.0", "FlexStringLower\0MyOwn\0")).toEqual([]);
  });

  it("name what the runtime computes wrongly", async () => {
    const dense = read("../../test/models/dense.tflite");
    expect(await reasonsFor(dense, "2.16.2")).toEqual([
      expect.stringMatching(
        /^has fully connected layers quantized for each channel, which TensorFlow Lite 2\.16\.2 .* computes wrongly; use TensorFlow Lite >= 2\.17, or convert/,
      ),
    ]);
    expect(await reasonsFor(dense, "2.17.1")).toEqual([]);
  });

  it("name int8 LSTMs, but not LSTMs with float activations", async () => {
    const tensor = (name: "INT8" | "FLOAT32") => ({ type: { name, bits: 8 } }) as never;
    const lstm = { ...operator("UNIDIRECTIONAL_SEQUENCE_LSTM", 1), inputs: [0] };
    const graph = (name: "INT8" | "FLOAT32"): Graph => {
      const { subgraphs, ...others } = graphOf([lstm]);
      return { ...others, subgraphs: subgraphs.map((s) => ({ ...s, tensors: [tensor(name)] })) };
    };
    expect(await reasonsFor(graph("INT8"), "2.9.0")).toEqual([
      expect.stringMatching(/^has LSTM layers with int8 activations, which .* computes wrongly/),
    ]);
    expect(await reasonsFor(graph("FLOAT32"), "2.9.0")).toEqual([]);
  });

  it.each(["attention_scores_i16x8", "add_i16x8"])("are none for int16 of %s", async (name) => {
    const graph = read(`../../test/real-models/small/${name}.tflite`);
    expect(await reasonsFor(graph, "2.21.0")).toEqual([]);
  });

  it("name operands that the kernels of a runtime lack or do not survive", async () => {
    const tensor = (name: string, scale?: number) =>
      ({ type: { name, bits: 16 }, ...(scale && { quantization: { scale: [scale] } }) }) as never;
    const graph = (name: string, tensors: readonly never[]): Graph => {
      const used = { ...operator(name, 1), inputs: tensors.map((_, i) => i) };
      const { subgraphs, ...others } = graphOf([used]);
      return { ...others, subgraphs: subgraphs.map((s) => ({ ...s, tensors })) };
    };
    const faults = [
      [
        graph("TILE", [tensor("INT16")]),
        /^has TILE of int16, which .* does not have; use .* 2\.23/,
      ],
      [
        graph("BATCH_MATMUL", [tensor("INT16"), tensor("INT8")]),
        /^has BATCH_MATMUL of int16 and int8, which .* does not have/,
      ],
      [graph("ADD", [tensor("INT16", 1), tensor("INT16", 3e-43)]), /does not survive/],
    ] as const;
    for (const [faulty, message] of faults) {
      expect(await reasonsFor(faulty, "2.21.0")).toEqual([expect.stringMatching(message)]);
      expect(await reasonsFor(faulty, "2.23.0")).toEqual([]);
    }
    expect(await reasonsFor(graph("TILE", [tensor("FLOAT32")]), "2.21.0")).toEqual([]);
    expect(await reasonsFor(graph("ADD", [tensor("INT16", 1e-4)]), "2.21.0")).toEqual([]);
  });
});
