import type { Predictor, Tensor, Tensors } from "@serving-kit/inference";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeExample, floats, int64s, texts } from "./example-messages.js";
import { load, testModel } from "./support.js";

const serialized = (...examples: Uint8Array[]): Tensors => ({
  examples: { dtype: "string", shape: [examples.length], data: examples },
});
const plain = (tensor: Tensor | undefined): [readonly number[], unknown[]] => [
  tensor?.shape ?? [],
  Array.from<unknown, unknown>((tensor?.data ?? []) as never, (value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString() : value,
  ),
];

describe.each(["parse_example", "parse_example_v1"])("a model of %s", (name) => {
  let model: Predictor & AsyncDisposable;
  beforeAll(async () => {
    model = await load(testModel(name));
  });
  afterAll(() => model[Symbol.asyncDispose]());

  const predict = async (...examples: Uint8Array[]) => {
    const outputs = await model.predict(serialized(...examples));
    const [n, x, y, sum, indices, values, shape] = [
      "n",
      "x",
      "y",
      "sum",
      "indices",
      "values",
      "shape",
    ].map((output) => plain(outputs[output]));
    return { n, x, y, sum, indices, values, shape };
  };

  it("accepts serialized examples, in batches", () => {
    expect([...(model.signatures.get("serving_default")?.inputs ?? [])]).toEqual([
      ["examples", { dtype: "string", shape: [-1], nativeName: "serving_default_examples:0" }],
    ]);
  });

  it("computes with the features, and with defaults for those that are missing", async () => {
    const full = encodeExample({
      n: int64s("9007199254740993"),
      x: floats(1, 2),
      y: texts("a"),
      s: floats(1, 2, 3),
      other: texts("ignored"),
    });
    const bare = encodeExample({ n: int64s(-4) });
    const one = encodeExample({ n: int64s(7), s: floats(4) });
    expect(await predict(full, bare, one)).toEqual({
      n: [[3], [9007199254740993n, -4n, 7n]],
      x: [
        [3, 2],
        [1, 2, 0.5, -1, 0.5, -1],
      ],
      y: [
        [3, 1],
        ["a", "missing", "missing"],
      ],
      sum: [[3], [9007199254740992, -4.5, 6.5]],
      indices: [
        [4, 2],
        [0n, 0n, 0n, 1n, 0n, 2n, 2n, 0n],
      ],
      values: [[4], [10, 20, 30, 40]],
      shape: [[2], [3n, 3n]],
    });
  });

  it("computes n examples as n times one", async () => {
    const example = fc
      .record(
        {
          n: fc.integer(),
          x: fc.tuple(fc.float({ noNaN: true }), fc.float({ noNaN: true })),
          y: fc.string(),
        },
        { requiredKeys: ["n"] },
      )
      .map(({ n, x, y }) =>
        encodeExample({
          n: int64s(n),
          ...(x && { x: floats(...x) }),
          ...(y !== undefined && { y: texts(y) }),
          s: floats(1),
        }),
      );
    await fc.assert(
      fc.asyncProperty(fc.array(example, { minLength: 1, maxLength: 5 }), async (examples) => {
        const all = await predict(...examples);
        const single = await Promise.all(examples.map((one) => predict(one)));
        for (const output of ["n", "x", "y", "sum", "values"] as const) {
          expect(all[output]?.[1]).toEqual(single.flatMap((one) => one[output]?.[1] ?? []));
        }
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ["example 0: it is not a serialized tf.Example", Buffer.from("abc")],
    ['example 0: feature "n" (int64) is required; it is missing', encodeExample({})],
    [
      'example 0: feature "x" must be float32; got int64',
      encodeExample({ n: int64s(1), x: int64s(1, 2) }),
    ],
    [
      'example 0: feature "x" must have 2 values (shape [2]); got 3',
      encodeExample({ n: int64s(1), x: floats(1, 2, 3) }),
    ],
    [
      'example 0: feature "s" must be float32; got string',
      encodeExample({ n: int64s(1), s: texts("") }),
    ],
  ])("refuses a call with INVALID_ARGUMENT: %s", async (message, example) => {
    await expect(predict(example)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "EXAMPLE_INVALID",
      message,
    });
    expect((await predict(encodeExample({ n: int64s(1), s: floats(1) }))).n).toEqual([[1], [1n]]);
  });
});
