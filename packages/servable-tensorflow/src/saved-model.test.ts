import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reasonOf } from "@serving-kit/inference";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isBatchable } from "./load-saved-model.js";
import { savedModelType } from "./proto/schema.js";
import { type MetaGraph, readSavedModel, selectMetaGraph } from "./saved-model.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const float = (name: string, ...dim: number[]) => ({
  name,
  dtype: 1,
  tensorShape: { dim: dim.map((size) => ({ size })) },
});

async function read(signatureDef: object): Promise<MetaGraph> {
  const metaGraphs = [
    { metaInfoDef: { tags: ["serve"], tensorflowVersion: "2.21.0" }, signatureDef },
  ];
  const bytes = savedModelType.encode(savedModelType.fromObject({ metaGraphs })).finish();
  await writeFile(join(folder, "saved_model.pb"), bytes);
  return (await readSavedModel(folder))[0] as MetaGraph;
}

describe("readSavedModel", () => {
  it("returns names, dtypes, shapes and unknown ranks, in the order of the names", async () => {
    const graph = await read({
      serving_default: {
        methodName: "tensorflow/serving/predict",
        inputs: { b: float("b:0", -1, 2), a: { name: "a:1", dtype: 109 } },
        outputs: { y: { name: "y:0", dtype: 7, tensorShape: { unknownRank: true } } },
      },
    });
    expect(graph).toMatchObject({ tags: ["serve"], tensorflowVersion: "2.21.0", assets: [] });
    const signature = graph.signatures.get("serving_default");
    expect(signature?.methodName).toBe("tensorflow/serving/predict");
    expect([...(signature?.inputs ?? [])]).toEqual([
      ["a", { dtype: "int64", shape: [], nativeName: "a:1" }],
      ["b", { dtype: "float32", shape: [-1, 2], nativeName: "b:0" }],
    ]);
    expect(signature?.outputs.get("y")).toEqual({
      dtype: "string",
      shape: null,
      nativeName: "y:0",
    });
  });

  it("lists the ops that TensorFlow has among the signatures as not callable", async () => {
    const op = { name: "init", tensorShape: { unknownRank: true } };
    const graph = await read({ __saved_model_init_op: { outputs: { op } }, a: {} });
    expect([...graph.signatures.keys()]).toEqual(["a"]);
    expect(graph.uncallable.get("__saved_model_init_op")?.opaqueOutputs?.get("op")).toEqual({
      problem: "is an operation, not a tensor",
      ...{ dataType: 0, shape: null, nativeName: "init" },
    });
  });

  it("reports why a signature cannot be called, and keeps the others", async () => {
    const graph = await read({
      sparse: { inputs: { x: { dtype: 1, cooSparse: { valuesTensorName: "v:0" } } } },
      ragged: { inputs: { x: { compositeTensor: { typeSpec: { typeSpecClass: 3 } } } } },
      handle: { outputs: { x: { name: "x:0", dtype: 20 } } },
      default: {
        inputs: { x: float("x:0") },
        defaults: { x: { dtype: 1, tensorShape: { unknownRank: true } } },
      },
      good: { inputs: { x: float("x:0") } },
    });
    expect([...graph.signatures.keys()]).toEqual(["good"]);
    const reasons = [...graph.uncallable].map(([name, signature]) => [name, reasonOf(signature)]);
    expect(Object.fromEntries(reasons)).toEqual({
      sparse: 'input "x" is sparse',
      ragged: 'input "x" is ragged',
      handle: 'output "x" is of type resource',
      default: 'input "x" has a default that cannot be used: its shape is not known',
    });
  });

  it("keeps a signature of which one output cannot be returned", async () => {
    const { signatures, uncallable } = await read({
      a: { outputs: { y: float("y:0"), z: { name: "z:0", dtype: 21, tensorShape: {} } } },
    });
    expect(uncallable.size).toBe(0);
    expect([...(signatures.get("a")?.outputs.keys() ?? [])]).toEqual(["y"]);
    expect(signatures.get("a")?.opaqueOutputs?.get("z")).toEqual({
      problem: "is of type variant",
      ...{ dataType: 21, shape: [], nativeName: "z:0" },
    });
  });

  it("makes an input with a default an optional one", async () => {
    const { signatures, defaults } = await read({
      a: {
        inputs: { x: float("x:0") },
        defaults: { x: { dtype: 1, tensorShape: {}, floatVal: [7] } },
      },
    });
    expect(signatures.get("a")?.inputs.get("x")?.isOptional).toBe(true);
    expect(defaults.get("a")?.get("x")?.data).toEqual(Float32Array.of(7));
  });

  it("accepts names that are properties of objects", async () => {
    const graph = await read(
      JSON.parse('{"constructor": {"inputs": {"toString": {"name": "x:0", "dtype": 1}}}}'),
    );
    expect(graph.signatures.get("constructor")?.inputs.has("toString")).toBe(true);
  });

  it("rejects a file without a graph", async () => {
    await writeFile(join(folder, "saved_model.pb"), "");
    await expect(readSavedModel(folder)).rejects.toMatchObject({
      code: "DATA_LOSS",
      reason: "SAVED_MODEL_INVALID",
      message: `the SavedModel in ${folder} is corrupt or incomplete: saved_model.pb: it holds no graph; export or copy it again`,
    });
  });
});

describe("selectMetaGraph", () => {
  it("accepts the graph with exactly the tags, in any order", () => {
    const graph = (...tags: string[]) => ({ tags }) as unknown as MetaGraph;
    const graphs = [graph("serve"), graph("serve", "gpu")];
    expect(selectMetaGraph("/m", graphs, ["gpu", "serve"])).toBe(graphs[1]);
    expect(() => selectMetaGraph("/m", graphs, ["gpu"])).toThrow(
      "the SavedModel in /m has no graph tagged gpu; it has serve; serve,gpu. Pass its tags in the option tags",
    );
  });
});

describe("isBatchable", () => {
  it.each([
    [[[-1, 2]], [[-1]], true],
    [[[-1, 2]], [[2]], false],
    [[[-1], []], [[-1]], false],
    [[null], [[-1]], false],
    [[], [[-1]], false],
  ])("inputs %j and outputs %j: %s", (inputs, outputs, expected) => {
    const specs = (shapes: (number[] | null)[]) =>
      new Map(shapes.map((shape, i) => [`${i}`, { dtype: "float32" as const, shape }]));
    const signature = { inputs: specs(inputs), outputs: specs(outputs) };
    expect(isBatchable(new Map([["a", signature]]))).toBe(expected);
  });
});
