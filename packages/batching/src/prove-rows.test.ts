import type { LoadContext, Logger } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  type Predictor,
  type RowVerdict,
  type Tensor,
  type Tensors,
  tensor,
} from "@serving-kit/inference";
import { FakeClock } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import type { BatchedPredictor } from "./batched-predictor.js";
import { batchingLoader } from "./batching.js";
import type { BatchingOptions } from "./batching-options.js";
import { probeRows } from "./probe-rows.js";
import { proveRows } from "./prove-rows.js";

const WIDTH = 4;
const spec = { dtype: "float32", shape: [-1, WIDTH] } as const;

type Rows = readonly (readonly number[])[];

/** A model that computes rows from rows, and whose structure claims to be independent. */
function model(compute: (rows: Rows) => Rows, others: Partial<Predictor> = {}) {
  const sizes: number[] = [];
  const predictor: Predictor = {
    signatures: new Map([
      [DEFAULT_SIGNATURE, { inputs: new Map([["x", spec]]), outputs: new Map([["y", spec]]) }],
    ]),
    batchable: true,
    rowsAreIndependent: (): RowVerdict => ({ verdict: "independent", reason: "it is said so" }),
    async predict({ x }): Promise<Tensors> {
      const { shape, data } = x as Tensor<"float32">;
      const count = shape[0] as number;
      sizes.push(count);
      const rows = compute(
        Array.from({ length: count }, (_, i) => [...data.slice(i * WIDTH, (i + 1) * WIDTH)]),
      );
      return { y: tensor("float32", [rows.length, WIDTH], rows.flat()) };
    },
    ...others,
  };
  return { predictor, sizes };
}

const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0);
const each = (of: (row: readonly number[], place: number, rows: Rows) => readonly number[]) =>
  model((rows) => rows.map((row, place) => of(row, place, rows)));
const probe = (of: ReturnType<typeof model>) =>
  probeRows(of.predictor, DEFAULT_SIGNATURE, { clock: new FakeClock() });

describe("probeRows", () => {
  it("finds rows that do not influence one another, in batches of 32 if a row takes no time", async () => {
    const found = await probe(each((row) => row.map((x) => Math.sin(x) + sum(row as number[]))));
    expect(found).toEqual({
      verdict: "independent",
      reason: "a probe of 32 rows found no influence of one row on another",
      rows: 32,
    });
  });

  it.each<[string, Parameters<typeof each>[0], RegExp]>([
    [
      "the mean of the batch",
      (row, _, all) => row.map((x) => x - sum(all.flat()) / all.length),
      /changes a row/,
    ],
    [
      "a thousandth of it",
      (row, _, all) => row.map((x) => x + sum(all.flat()) / 1e3),
      /changes a row/,
    ],
    ["the place in the batch", (row, place) => row.map((x) => x + place), /alone differs|place/],
    ["a thousandth of the place", (row, place) => row.map((x) => x + place / 1000), /place|alone/],
    ["the number of rows", (row, _, all) => row.map((x) => x * all.length), /alone differs/],
    ["the row before", (_, place, all) => all[Math.max(0, place - 1)] ?? [], /changes a row|alone/],
    [
      "a trigger of negative rows",
      (row, _, all) => (all.some((one) => sum(one) < -20) ? row.map(() => 0) : row),
      /change a row|changes a row|alone/,
    ],
    [
      "nothing times the sum",
      (row, _, all) => row.map((x) => x + 0 * sum(all.flat())),
      /a row of NaN/,
    ],
  ])("finds %s", async (_, of, reason) => {
    const found = await probe(each(of));
    expect(found.verdict).toBe("dependent");
    expect(found.reason).toMatch(reason);
  });

  it("finds rows that are dropped", async () => {
    const found = await probe(model((rows) => rows.filter((row) => sum(row) > 0)));
    expect(found.verdict).toBe("dependent");
    expect(found.reason).toMatch(/output "y" of \d+ rows has shape/);
  });

  it("has no verdict for a model that answers all rows alike, rejects them, or takes too long", async () => {
    expect(await probe(each((row) => row.map(() => 1)))).toMatchObject({
      verdict: "unknown",
      reason: "answers to generated rows do not differ",
    });
    const refusing = each(() => {
      throw new Error("no such id");
    });
    expect((await probe(refusing)).reason).toBe("it rejects generated rows: no such id");
    let nowMs = 0;
    const clock = Object.assign(new FakeClock(), { now: () => nowMs });
    const slow = each((row) => row);
    const { predict } = slow.predictor;
    const predictor = {
      ...slow.predictor,
      predict: async (...call: Parameters<typeof predict>) => {
        nowMs += 150;
        return predict(...call);
      },
    };
    expect(await probeRows(predictor, DEFAULT_SIGNATURE, { clock })).toMatchObject({
      ...{ verdict: "unknown", reason: "the probe takes longer than 5000 ms", rows: 8 },
    });
  });

  it("ends with the signal's reason", async () => {
    const aborter = new AbortController();
    const { predictor } = each((row) => {
      aborter.abort(new Error("unloaded"));
      return row;
    });
    const options = { signal: aborter.signal, clock: new FakeClock() };
    await expect(probeRows(predictor, DEFAULT_SIGNATURE, options)).rejects.toThrow("unloaded");
  });
});

describe("proveRows", () => {
  const unknown = (): RowVerdict => ({ verdict: "unknown", reason: "op Sort" });

  it.each<[string, Partial<Predictor>, string]>([
    ["a structure that does not say so", { rowsAreIndependent: unknown }, "op Sort"],
    ["a state", { state: "keep" }, "a call changes what later calls are answered"],
    ["no batches", { batchable: false }, "it takes no batches"],
  ])("does not probe a model with %s", async (_, others, reason) => {
    const { predictor, sizes } = model((rows) => rows, others);
    const proofs = await proveRows(predictor, { clock: new FakeClock() });
    expect(proofs.get(DEFAULT_SIGNATURE)).toEqual({ verdict: "unknown", reason, maxRows: 1 });
    expect(sizes).toEqual([]);
  });

  it("needs both proofs", async () => {
    const independent = model((rows) => rows).predictor;
    const proofs = await proveRows(independent, { clock: new FakeClock() });
    expect(proofs.get(DEFAULT_SIGNATURE)).toEqual({
      ...{ verdict: "independent", maxRows: 32 },
      reason: "it is said so, and a probe of 32 rows found no influence of one row on another",
    });
    const dependent = each((row, place) => row.map((x) => x + place)).predictor;
    const found = await proveRows(dependent, { clock: new FakeClock() });
    expect(found.get(DEFAULT_SIGNATURE)).toMatchObject({ verdict: "dependent", maxRows: 1 });
  });
});

describe("a loader of batched predictors", () => {
  async function loaded(made: ReturnType<typeof model>, options: BatchingOptions) {
    const lines: string[] = [];
    const log = (_: object, line: string) => void lines.push(line);
    const logger: Logger = { info: log, warn: log, error: log };
    const clock = new FakeClock();
    const loader = batchingLoader(
      { estimate: async () => [], load: async () => made.predictor } as never,
      { slots: 1, clock, ...options },
    );
    const id = { name: "m", version: 1n };
    const signal = new AbortController().signal;
    const context = { id, signal, logger, clock } as unknown as LoadContext;
    const predictor = (await loader.load(context)) as BatchedPredictor;
    made.sizes.length = 0;
    return { predictor, clock, lines };
  }
  const row = () => ({ x: tensor("float32", [1, WIDTH], [1, 2, 3, 4]) });

  it("joins the calls of proven signatures, never more rows than were probed, and leaves larger calls as they are", async () => {
    const made = each((one) => one);
    const { predictor, clock, lines } = await loaded(made, { proof: "required" });
    expect(lines).toEqual([
      "model m version 1: calls of serving_default are batched, at most 32 rows: it is said so, and a probe of 32 rows found no influence of one row on another",
    ]);
    expect(predictor.rowVerdicts[DEFAULT_SIGNATURE]?.verdict).toBe("independent");
    expect(predictor.measures?.()).toMatchObject([
      { name: "rows_independent", values: [{ value: 1, labels: { verdict: "independent" } }] },
    ]);
    const calls = Array.from({ length: 40 }, () => predictor.predict(row()));
    await clock.advance();
    await clock.advance();
    await Promise.all(calls);
    expect(made.sizes).toEqual([32, 8]);
    const large = { x: tensor("float32", [50, WIDTH], new Float32Array(50 * WIDTH)) };
    await predictor.predict(large);
    expect(made.sizes.at(-1)).toBe(50);
  });

  it("leaves the calls of other signatures as they are, and reports why", async () => {
    const made = each((one, place) => one.map((x) => x + place));
    const { predictor, lines } = await loaded(made, { proof: "required" });
    expect(lines[0]).toMatch(
      /calls of serving_default are not batched \(dependent\): .*place|alone/,
    );
    await Promise.all([predictor.predict(row()), predictor.predict(row())]);
    expect(made.sizes).toEqual([1, 1]);
  });

  it("warns if rows of a model that is batched on request influence one another", async () => {
    const rowsAreIndependent = (): RowVerdict => ({ verdict: "unknown", reason: "op Sort" });
    const dependent = model((rows) => rows.map((_, i) => rows[i ^ 1] ?? [0, 0, 0, 0]), {
      rowsAreIndependent,
    });
    const { lines } = await loaded(dependent, {});
    expect(lines).toEqual([expect.stringContaining("rows of this model influence one another")]);
    const independent = model((rows) => rows, { rowsAreIndependent });
    expect((await loaded(independent, {})).lines).toEqual([]);
    expect((await loaded(dependent, { proof: "none" })).lines).toEqual([]);
  });
});
