import { servableId, unload } from "@serving-kit/core";
import { type Tensor, tensor } from "@serving-kit/inference";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tflite } from "../../src/index.js";
import { openModel } from "../../src/load-model.js";
import { readModelFile } from "../../src/model-file.js";
import { Evaluator } from "../../src/operands/evaluator.js";
import { guardModel, uncheckedOperands } from "../../src/operands/guard-operands.js";
import type { OperandGuard } from "../../src/operands/operand-guard.js";
import { anyOf, unknownTensor } from "../../src/operands/values/abstract-tensor.js";
import { rangeAt, values } from "../../src/operands/values/elements.js";
import { extent } from "../../src/operands/values/extent.js";
import { testModel } from "../support.js";
import {
  buildModel,
  type OperatorDraft,
  type SubgraphDraft,
  type TensorDraft,
} from "./build-model.js";

const int = (name: string, shape: readonly number[], ...data: number[]): TensorDraft => ({
  name,
  type: "INT32",
  shape,
  ...(data.length > 0 && { data: Int32Array.from(data) }),
});
const op = (
  name: string,
  inputs: string[],
  outputs: string[],
  options?: OperatorDraft["options"],
) => ({
  name,
  inputs,
  outputs,
  ...(options && { options }),
});
const x: TensorDraft = { name: "x", shape: [8, 4] };
const rows = tensor("float32", [8, 4], new Float32Array(32));
const int32 = (shape: readonly number[], ...data: number[]): Tensor => tensor("int32", shape, data);

/** x[begin : begin + 1], with `begin` computed from v by operators whose last output is `begin`. */
function slicing(
  tensors: readonly TensorDraft[],
  operators: readonly OperatorDraft[],
  input: TensorDraft,
): Uint8Array {
  return buildModel({
    tensors: [
      x,
      input,
      ...tensors,
      int("begin", [2]),
      int("size", [2], 1, 4),
      { name: "y", shape: [1, 4] },
    ],
    inputs: ["x", input.name],
    outputs: ["y"],
    operators: [...operators, op("SLICE", ["x", "begin", "size"], ["y"])],
  });
}

const versions = ["2.9.0", "2.21.0"];
const unchecked = (model: Uint8Array, version = "2.21.0") => {
  const { graph, file } = readModelFile(model);
  return uncheckedOperands(graph, file.signatures, version);
};
const guardOf = (model: Uint8Array, settings: object = {}): OperandGuard | undefined => {
  const { graph, file } = readModelFile(model);
  return guardModel("m.tflite", graph, file.signatures, { version: "2.21.0", ...settings }).get(
    "serving_default",
  );
};
const errorOf = (guard: OperandGuard | undefined, inputs: Record<string, Tensor>) => {
  try {
    guard?.check(inputs);
    return undefined;
  } catch (error) {
    return error as Error;
  }
};

const v = int("v", [2]);

describe("operands that cannot leave their range", () => {
  it.each([
    ["a clip", [op("MAXIMUM", ["v", "zero"], ["c"]), op("MINIMUM", ["c", "most"], ["begin"])]],
    ["a remainder", [op("FLOOR_MOD", ["v", "sizes"], ["begin"])]],
  ])("because of %s need no check", (_, operators) => {
    const constants = [
      int("zero", [], 0),
      int("most", [2], 7, 0),
      int("sizes", [2], 8, 1),
      int("c", [2]),
    ];
    const model = slicing(constants, operators, v);
    for (const version of versions) expect(unchecked(model, version)).toEqual([]);
    expect(
      errorOf(guardOf(model), { x: rows, v: int32([2], -(2 ** 31), 2 ** 31 - 1) }),
    ).toBeUndefined();
  });

  it.each(versions)("because the operator before defines them, on %s", (version) => {
    const table: TensorDraft = { name: "t", shape: [-1, 4] };
    const gathered = (tensors: TensorDraft[], ...operators: OperatorDraft[]) =>
      buildModel({
        tensors: [table, ...tensors, { name: "y", shape: [-1, -1] }],
        inputs: ["t"],
        outputs: ["y"],
        operators,
      });
    const gather = (from: string) => op("GATHER", [from, "i"], ["y"], [23, {}]);
    const models = [
      gathered(
        [int("i", [-1]), int("axis", [], 0)],
        op("ARG_MAX", ["t", "axis"], ["i"], [40, { 0: { kind: "u8", value: 2 } }]),
        gather("t"),
      ),
      gathered(
        [
          int("i", [-1, -1]),
          { name: "b", type: "BOOL", shape: [-1, 4] },
          { name: "o", shape: [], data: Float32Array.of(0) },
        ],
        op("GREATER", ["t", "o"], ["b"]),
        op("WHERE", ["b"], ["i"]),
        op("GATHER_ND", ["t", "i"], ["y"]),
      ),
      gathered(
        [int("i", [-1]), int("f", [1], -1), { name: "l", shape: [-1] }, { name: "u", shape: [-1] }],
        op("RESHAPE", ["t", "f"], ["l"]),
        op("UNIQUE", ["l"], ["u", "i"], [80, {}]),
        gather("u"),
      ),
    ];
    for (const model of models) expect(unchecked(model, version)).toEqual([]);
  });

  it("are indices at the counter of a loop, but not beyond the extent", () => {
    const loop = (turns: number) => {
      const scalar = int("i", []);
      const condition: SubgraphDraft = {
        tensors: [scalar, x, int("turns", [], turns), { name: "b", type: "BOOL", shape: [] }],
        inputs: ["i", "x"],
        outputs: ["b"],
        operators: [op("LESS", ["i", "turns"], ["b"])],
      };
      const body: SubgraphDraft = {
        tensors: [
          scalar,
          x,
          int("one", [], 1),
          int("list", [1], 1),
          int("zero", [1], 0),
          int("at", [1]),
          int("begin", [2]),
          int("size", [2], 1, 4),
          { name: "row", shape: [1, 4] },
          int("next", []),
        ],
        inputs: ["i", "x"],
        outputs: ["next", "x"],
        operators: [
          op("RESHAPE", ["i", "list"], ["at"]),
          op("CONCATENATION", ["at", "zero"], ["begin"], [10, {}]),
          op("SLICE", ["x", "begin", "size"], ["row"]),
          op("ADD", ["i", "one"], ["next"]),
        ],
      };
      const main: SubgraphDraft = {
        tensors: [x, int("start", [], 0), int("end", []), { name: "y", shape: [8, 4] }],
        inputs: ["x"],
        outputs: ["y"],
        operators: [
          op(
            "WHILE",
            ["start", "x"],
            ["end", "y"],
            [93, { 0: { kind: "i32", value: 1 }, 1: { kind: "i32", value: 2 } }],
          ),
        ],
      };
      return buildModel(main, condition, body);
    };
    for (const version of versions) expect(unchecked(loop(8), version)).toEqual([]);
    expect(unchecked(loop(9))).toEqual([
      { signature: "serving_default", operator: "SLICE", operand: "begin", tensor: "begin" },
    ]);
  });
});

describe("operands from values of inputs", () => {
  it("are checked as cast, before the run, with input, range and value", () => {
    const wide: TensorDraft = { name: "v", type: "INT64", shape: [2] };
    const guard = guardOf(slicing([], [op("CAST", ["v"], ["begin"], [37, {}])], wide));
    const begin = (value: bigint) => ({ x: rows, v: tensor("int64", [2], [value, 0n]) });
    expect(errorOf(guard, begin(7n))).toBeUndefined();
    for (const value of [8n, -1n, 2n ** 32n, -(2n ** 40n)]) {
      expect(errorOf(guard, begin(value))).toMatchObject({
        code: "INVALID_ARGUMENT",
        reason: "OPERAND_OUT_OF_RANGE",
        message: expect.stringMatching(/^input "v" is out of range for begin of SLICE .*\[8,4\]/),
      });
    }
  });

  it("are computed through integer arithmetic and lists", () => {
    const tensors = [int("one", [], 1), int("next", []), int("zero", [], 0)];
    const operators = [
      op("ADD", ["v", "one"], ["next"]),
      op("PACK", ["next", "zero"], ["begin"], [59, { 0: { kind: "i32", value: 2 } }]),
    ];
    const guard = guardOf(slicing(tensors, operators, int("v", [])));
    expect(errorOf(guard, { x: rows, v: int32([], 6) })).toBeUndefined();
    expect(errorOf(guard, { x: rows, v: int32([], 7) })).toMatchObject({
      reason: "OPERAND_OUT_OF_RANGE",
    });
    // The sum wraps around.
    expect(errorOf(guard, { x: rows, v: int32([], 2 ** 31 - 1) })).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});

describe("operands from shapes of inputs", () => {
  /** x[:, n - 10 :], with n from SHAPE. */
  const model = buildModel({
    tensors: [
      { name: "x", shape: [-1, -1] },
      int("shape", [2]),
      int("ten", [2], 0, 10),
      int("ends", [2], 0, 1),
      int("difference", [2]),
      int("begin", [2]),
      int("size", [2], -1, 10),
      { name: "y", shape: [-1, 10] },
    ],
    inputs: ["x"],
    outputs: ["y"],
    operators: [
      op("SHAPE", ["x"], ["shape"]),
      op("SUB", ["shape", "ten"], ["difference"]),
      op("MUL", ["difference", "ends"], ["begin"]),
      op("SLICE", ["x", "begin", "size"], ["y"]),
    ],
  });
  const floats = (rows: number, columns: number) => ({
    x: tensor("float32", [rows, columns], new Float32Array(rows * columns)),
  });

  it("are checked for each set of shapes", () => {
    const guard = guardOf(model);
    expect(errorOf(guard, floats(2, 12))).toBeUndefined();
    expect(errorOf(guard, floats(1, 5))).toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "OPERAND_OUT_OF_RANGE",
      message: expect.stringContaining('inputs "x" [1,5]'),
    });
    expect(errorOf(guard, floats(3, 10))).toBeUndefined();
  });
});

describe("operands that a layer computes", () => {
  const model = slicing(
    [{ name: "sum", shape: [2] }],
    [op("EXP", ["v"], ["sum"]), op("CAST", ["sum"], ["begin"], [37, {}])],
    { name: "v", shape: [2] },
  );

  it("reject the model, naming operator and tensor, and the version is not tried again", async () => {
    await expect(openModel({ path: "m.tflite", bytes: model }, {})).rejects.toMatchObject({
      code: "UNIMPLEMENTED",
      reason: "OPERANDS_UNCHECKED",
      message: expect.stringContaining('begin of SLICE (tensor "begin")'),
    });
  });

  it("are loaded with uncheckedOps: allow of the model alone", async () => {
    const { signal } = new AbortController();
    const id = servableId("m", 1);
    const load = (own: object) =>
      tflite()
        .loader({ path: testModel("unchecked"), options: { tflite: own } }, id)
        .load({ id, signal });
    await expect(load({})).rejects.toMatchObject({ reason: "OPERANDS_UNCHECKED" });
    await unload(await load({ uncheckedOps: "allow", warmup: false }));
    await expect(load({ uncheckedOps: "no" })).rejects.toThrow("option uncheckedOps of tflite");
  });

  it("are loaded with uncheckedOps: allow", async () => {
    const options = { uncheckedOps: "allow", warmup: false } as const;
    await using predictor = await openModel({ path: "m.tflite", bytes: model }, options);
    const answer = await predictor.predict({ x: rows, v: tensor("float32", [2], [1, -200]) });
    expect(answer.y?.shape).toEqual([1, 4]);
  });
});

describe("maxTensorBytes", () => {
  const model = buildModel({
    tensors: [
      int("v", [1]),
      { name: "c", shape: [], data: Float32Array.of(1) },
      { name: "y", shape: [-1] },
    ],
    inputs: ["v"],
    outputs: ["y"],
    operators: [op("FILL", ["v", "c"], ["y"])],
  });

  it("bounds the size of a tensor in bytes", () => {
    const guard = guardOf(model, { maxTensorBytes: 400 });
    expect(errorOf(guard, { v: int32([1], 100) })).toBeUndefined();
    expect(errorOf(guard, { v: int32([1], 101) })).toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "TENSOR_TOO_LARGE",
      message: expect.stringContaining(
        "expected at most 400 bytes (maxTensorBytes); got 404 bytes",
      ),
    });
  });

  it("rejects a file whose own constants exceed it, before its tensors get memory", async () => {
    const bytes = buildModel({
      tensors: [
        int("v", [2], 65_536, 65_536),
        { name: "c", shape: [] },
        { name: "y", shape: [1, 1] },
      ],
      inputs: ["c"],
      outputs: ["y"],
      operators: [op("FILL", ["v", "c"], ["y"])],
    });
    await expect(openModel({ path: "m.tflite", bytes }, {})).rejects.toMatchObject({
      code: "UNIMPLEMENTED",
      reason: "MODEL_UNSUPPORTED",
      message: expect.stringMatching(/^m\.tflite cannot run: .* FILL .* got 17179869184 bytes/),
    });
  });

  it("is 1 GiB by default", () => {
    expect(errorOf(guardOf(model), { v: int32([1], 2 ** 28) })).toBeUndefined();
    expect(errorOf(guardOf(model), { v: int32([1], 2 ** 28 + 1) })).toBeDefined();
  });
});

it("a model without such operands has no guard", () => {
  const model = buildModel({
    tensors: [
      { name: "x", shape: [-1, 4] },
      { name: "y", shape: [-1, 4] },
    ],
    inputs: ["x"],
    outputs: ["y"],
    operators: [op("TANH", ["x"], ["y"])],
  });
  expect(guardOf(model)).toBeUndefined();
});

describe("ranges", () => {
  const BINARY = ["ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "FLOOR_MOD", "FLOOR_DIV"];
  const UNARY = ["NEG", "ABS"];
  const step = fc.oneof(
    fc.record({
      name: fc.constantFrom(...BINARY),
      by: fc.integer({ min: -9, max: 9 }).filter((each) => each !== 0),
    }),
    fc.record({ name: fc.constantFrom(...UNARY), by: fc.constant(0) }),
  );

  it("hold all results of TensorFlow Lite, and are the results if the inputs are known", async () => {
    const arbitrary = fc.tuple(
      fc.array(step, { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: 3, maxLength: 3 }),
    );
    await fc.assert(
      fc.asyncProperty(arbitrary, async ([steps, given]) => {
        const names = steps.map((_, i) => `t${i}`);
        const model = buildModel({
          tensors: [
            int("v", [3]),
            ...steps.map(({ by }, i) => int(`c${i}`, [], by)),
            ...names.map((name) => int(name, [3])),
          ],
          inputs: ["v"],
          outputs: [names.at(-1) as string],
          operators: steps.map(({ name }, i) => {
            const before = names[i - 1] ?? "v";
            return op(name, BINARY.includes(name) ? [before, `c${i}`] : [before], [
              names[i] as string,
            ]);
          }),
        });
        const { graph } = readModelFile(model);
        const [main] = graph.subgraphs;
        if (main === undefined) throw new Error("no subgraph");
        const run = (elements: ReturnType<typeof anyOf>) => {
          const evaluator = new Evaluator(graph, 256);
          const input = { ...unknownTensor("INT32", [extent(3)], true), isExact: true, elements };
          const tensors = evaluator.run(main, [input], undefined);
          return evaluator.tensor(main, tensors, main.outputs[0] as number).elements;
        };
        const any = run(anyOf("INT32"));
        const exact = run(values(given));
        const options = { warmup: false, execution: "inline" } as const;
        const opened = openModel({ path: "m.tflite", bytes: model }, options);
        await using predictor = await opened.catch((error) => {
          if (error.reason === "MODEL_REFUSED") return undefined; // 2.9 has no ABS of int32
          throw error;
        });
        fc.pre(predictor !== undefined);
        const answers = await predictor.predict({ v: int32([3], ...given) }).catch(() => undefined);
        const [answer] = Object.values(answers ?? {}) as Tensor<"int32">[];
        for (const [i, value] of (answer?.data ?? []).entries()) {
          for (const [lo, hi] of [rangeAt(any, i), rangeAt(exact, i)]) {
            expect(value).toBeGreaterThanOrEqual(lo);
            expect(value).toBeLessThanOrEqual(hi);
          }
        }
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});

describe("STABLEHLO_COMPOSITE", () => {
  /** Turns `x` by a constant, in the subgraph of the composite. */
  const composed = (perm: readonly number[]) =>
    buildModel(
      {
        tensors: [
          { name: "x", shape: [2, 3] },
          { name: "y", shape: [3, 2] },
        ],
        inputs: ["x"],
        outputs: ["y"],
        operators: [
          {
            ...{ name: "STABLEHLO_COMPOSITE", inputs: ["x"], outputs: ["y"] },
            options2: [21, { 1: { kind: "i32", value: 1 } }],
          },
        ],
      },
      {
        tensors: [
          { name: "a", shape: [2, 3] },
          { name: "b", shape: [3, 2] },
          int("perm", [2], ...perm),
        ],
        inputs: ["a"],
        outputs: ["b"],
        operators: [{ name: "TRANSPOSE", inputs: ["a", "perm"], outputs: ["b"] }],
      },
    );
  const unchecked = (model: Uint8Array) => {
    const { graph, file } = readModelFile(model);
    return uncheckedOperands(graph, file.signatures, "2.21.0").map(({ operator }) => operator);
  };

  it("is followed with the shapes of its inputs", () => {
    expect(unchecked(composed([1, 0]))).toEqual([]);
  });
});
