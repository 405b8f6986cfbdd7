import { servableId } from "@serving-kit/core";
import { type Predictor, type Tensor, tensor } from "@serving-kit/inference";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rowDependence } from "../src/row-independence.js";
import { load, loaderOf, testModel } from "./support.js";

const x = (...rows: number[][]) => ({
  x: tensor("float32", [rows.length, rows[0]?.length ?? 0], rows.flat()),
});
const row = fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: 4, maxLength: 4 });

/** A model with `batch: "resize"`, and what its loading logs of rows. */
async function loadResized(name: string) {
  const lines: string[] = [];
  const write = (_: object, line: string) => void lines.push(line);
  const logger = { info: write, warn: write, error: write };
  const id = servableId("m", 1);
  const context = { id, signal: new AbortController().signal, logger };
  const loader = loaderOf(testModel(name), { batch: "resize" });
  const predictor = (await loader.load(context)) as Predictor & AsyncDisposable;
  return { predictor, verdicts: lines.filter((line) => /rows|batched/.test(line)) };
}

describe("resizeFixed", () => {
  it("runs other extents than the file fixes, of the same rank", async () => {
    await using model = await load(testModel("fixed_rows"), { resizeFixed: true });
    const { y } = await model.predict(x([1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]));
    expect(y?.shape).toEqual([3, 2]);
    const expected = [Math.tanh(1), Math.tanh(-1), Math.tanh(2), Math.tanh(0.25), 0, 0];
    Array.from(y?.data as Float32Array).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] as number, 5);
    });
    await expect(model.predict({ x: tensor("float32", [4], [1, 2, 3, 4]) })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "TENSOR_SHAPE_MISMATCH",
    });
  });

  it("leaves it to the model to reject extents, and accepts the next call", async () => {
    await using model = await load(testModel("single_row"), { resizeFixed: true });
    await expect(model.predict(x([1, 2, 3, 4], [5, 6, 7, 8]))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "TENSOR_SHAPE_REFUSED",
    });
    expect((await model.predict(x([0, 0, 0, 0]))).y?.data).toEqual(new Float32Array(4));
  });

  it("is off by default", async () => {
    await using model = await load(testModel("fixed_rows"));
    await expect(model.predict(x([0, 0, 0, 0], [0, 0, 0, 0]))).rejects.toMatchObject({
      reason: "TENSOR_SHAPE_MISMATCH",
      message: 'tensor "x" must have shape [1,4] (-1 is any); got [2,4]',
    });
  });
});

describe('batch: "resize"', () => {
  it("makes a model with independent rows batchable: n rows are n calls", async () => {
    const { predictor, verdicts } = await loadResized("fixed_rows");
    await using model = predictor;
    expect(verdicts).toEqual(["model test version 1: rows are independent: calls can be batched"]);
    expect(model.batchable).toBe(true);
    const { inputs, outputs } = model.signatures.get("serving_default") as never as {
      inputs: Map<string, { shape: number[] }>;
      outputs: Map<string, { shape: number[] }>;
    };
    expect([inputs.get("x")?.shape, outputs.get("y")?.shape]).toEqual([
      [-1, 4],
      [-1, 2],
    ]);
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 5 }), async (rows) => {
        const { y } = await model.predict(x(...rows));
        const alone = await Promise.all(rows.map((one) => model.predict(x(one))));
        const values = alone.flatMap((one) => Array.from((one.y as Tensor).data as Float32Array));
        Array.from(y?.data as Float32Array).forEach((value, i) => {
          expect(value).toBeCloseTo(values[i] as number, 5);
        });
      }),
      { numRuns: 20 },
    );
    await expect(model.predict(x([1, 2, 3, 4, 5]))).rejects.toMatchObject({
      reason: "TENSOR_SHAPE_MISMATCH",
    });
  });

  it.each([
    ["mixed_rows", 'signature "serving_default": output "y" of a row depends on the other rows'],
    ["single_row", 'signature "serving_default" does not run in a batch of 3: '],
  ])("leaves %s as it is, with the reason in the log", async (name, reason) => {
    const { predictor, verdicts } = await loadResized(name);
    await using model = predictor;
    expect(verdicts).toEqual([
      expect.stringContaining(`model test version 1: calls are not batched: ${reason}`),
    ]);
    expect(model.batchable).toBe(false);
    expect(model.signatures.get("serving_default")?.inputs.get("x")?.shape).toEqual([1, 4]);
    expect((await model.predict(x([1, 2, 3, 4]))).y?.shape[0]).toBe(1);
  });

  it("tries nothing if the batch is open, or the model has state", async () => {
    for (const name of ["dynamic", "rnn", "strings"]) {
      const { predictor, verdicts } = await loadResized(name);
      await using _ = predictor;
      expect(verdicts).toEqual([]);
    }
  });
});

describe("rowDependence", () => {
  const spec = { dtype: "float32", shape: [1, 2] } as const;
  const signatures = new Map([
    ["f", { inputs: new Map([["x", spec]]), outputs: new Map([["y", spec]]) }],
  ]);
  const dependenceOf = (change: (rows: number[][]) => number[][]) =>
    rowDependence({
      signatures,
      async predict({ x }) {
        const data = Array.from((x as Tensor<"float32">).data);
        const rows = Array.from({ length: data.length / 2 }, (_, i) =>
          data.slice(2 * i, 2 * i + 2),
        );
        const changed = change(rows);
        return { y: tensor("float32", [changed.length, 2], changed.flat()) };
      },
    });

  it.each([
    ["nothing for rows of their own", (rows: number[][]) => rows, undefined],
    [
      "a row that depends on its place",
      (rows: number[][]) => rows.map((row, i) => row.map((value) => value + i)),
      /of a row depends on the other rows/,
    ],
    [
      "a row that depends on the row before",
      (rows: number[][]) =>
        rows.map((row, i) => row.map((value) => value + (rows[i - 1]?.[0] ?? 0))),
      /of a row depends on the other rows/,
    ],
    [
      "a row that depends on equal rows",
      (rows: number[][]) =>
        rows.filter((row, i) => rows.findIndex((other) => other[0] === row[0]) === i),
      /must have shape \[3,2\] for 3 rows; got \[2,2\]/,
    ],
    ["rows without information", (rows: number[][]) => rows.map(() => [1, 1]), /do not differ/],
    ["a batch that is always one", (rows: number[][]) => rows.slice(0, 1), /got \[1,2\]/],
  ])("finds %s", async (_, change, reason) => {
    const found = await dependenceOf(change);
    if (reason === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(reason);
  });
});
