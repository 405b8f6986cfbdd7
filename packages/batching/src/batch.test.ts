import { aspire, type Loader, ServingError, servableId, sourceFrom } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  type PredictOptions,
  type Predictor,
  type Signature,
  type Tensor,
  type TensorSpec,
  type Tensors,
  tensor,
} from "@serving-kit/inference";
import {
  adapterConformance,
  FakeClock,
  FakePredictor,
  predictorConformance,
} from "@serving-kit/testing";
import { firstValueFrom } from "rxjs";
import { describe, expect, it } from "vitest";
import { batch } from "./batch.js";
import { batching } from "./batching.js";
import type { BatchingOptions } from "./batching-options.js";
import { SharedSlots } from "./shared-slots.js";

const row = (x: number) => ({ x: tensor("float32", [1], [x]) });
const rows = (...xs: number[]) => ({ x: tensor("float32", [xs.length], xs) });
const numbersOf = (one: Tensor | undefined) => Array.from((one as Tensor<"float32">).data);
const valuesOf = ({ y }: Tensors) => numbersOf(y);

/** A predictor of two inputs and outputs that adds and multiplies, and the calls that it received. */
function arithmetic(overrides: Partial<Predictor> = {}) {
  const calls: { inputs: Tensors; options: PredictOptions | undefined }[] = [];
  const anyFloats: TensorSpec = { dtype: "float32", shape: null };
  const signature: Signature = {
    inputs: new Map<string, TensorSpec>([
      ["a", anyFloats],
      ["b", { ...anyFloats, isOptional: true }],
    ]),
    outputs: new Map([
      ["sum", anyFloats],
      ["product", anyFloats],
    ]),
  };
  const fixed: TensorSpec = { dtype: "float32", shape: [1] };
  const predictor: Predictor = {
    signatures: new Map<string, Signature>([
      [DEFAULT_SIGNATURE, signature],
      ["other", signature],
      ["fixed", { inputs: new Map([["a", fixed]]), outputs: new Map([["sum", fixed]]) }],
    ]),
    batchable: true,
    async predict(inputs, options) {
      calls.push({ inputs, options });
      const { shape, data } = inputs.a as Tensor<"float32">;
      const b = (inputs.b as Tensor<"float32"> | undefined)?.data ?? new Float32Array(data.length);
      if (data.includes(666)) throw new Error("poisoned");
      const all: Tensors = {
        sum: tensor(
          "float32",
          shape,
          data.map((n, i) => n + (b[i] as number)),
        ),
        product: tensor(
          "float32",
          shape,
          data.map((n, i) => n * (b[i] as number)),
        ),
      };
      const wanted = options?.outputs ?? Object.keys(all);
      return Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name)));
    },
    ...overrides,
  };
  return { predictor, calls, shapes: () => calls.map(({ inputs }) => inputs.a?.shape) };
}

const pair = (a: number[], shape = [a.length]) => ({
  a: tensor("float32", shape, a),
  b: tensor("float32", shape, a),
});

function batched(options: BatchingOptions = {}, overrides: Partial<Predictor> = {}) {
  const clock = new FakeClock();
  const made = arithmetic(overrides);
  return { ...made, clock, batched: batch(made.predictor, { slots: 1, clock, ...options }) };
}

describe("batch", () => {
  it("runs concurrent calls as one batch and returns each call its own rows", async () => {
    const clock = new FakeClock();
    const predictor = new FakePredictor({ clock });
    const { predict } = batch(predictor, { clock });
    expect(predict).toBeDefined();
    const one = batch(predictor, { clock });
    const calls = Promise.all([
      one.predict(row(100)),
      one.predict(rows(2, 4)),
      one.predict(row(6)),
    ]);
    await clock.advance();
    expect((await calls).map(valuesOf)).toEqual([[52], [3, 4], [5]]);
    expect(predictor.runs).toEqual([4]);
  });

  it("passes a lone call's tensors to the predictor unchanged, and returns its outputs", async () => {
    const outputs = { sum: tensor("float32", [1], [1]) };
    const { batched: one, clock, calls } = batched({}, {});
    const inputs = pair([3]);
    const result = one.predict(inputs);
    await clock.advance();
    await result;
    expect(calls[0]?.inputs).toBe(inputs);
    const { predictor } = arithmetic({ predict: async () => outputs });
    const clock2 = new FakeClock();
    const lone = batch(predictor, { clock: clock2 }).predict(inputs);
    await clock2.advance();
    expect(await lone).toBe(outputs);
  });

  it("pads to allowed sizes with an existing row, and drops the added rows", async () => {
    const { batched: one, clock, calls } = batched({ maxBatchSize: 4, allowedBatchSizes: [2, 4] });
    const results = Promise.all([one.predict(pair([1])), one.predict(pair([2, 3]))]);
    await clock.advance();
    expect(numbersOf(calls[0]?.inputs.a)).toEqual([1, 2, 3, 2]);
    expect((await results).map(({ sum }) => numbersOf(sum))).toEqual([[2], [4, 6]]);
    expect(one.stats()[0]).toMatchObject({
      signature: DEFAULT_SIGNATURE,
      inputs: ["a", "b"],
      outputs: ["sum", "product"],
      batchedSize: 3,
      paddingSize: 1,
    });
  });

  it("has one queue per signature, set of inputs and set of outputs", async () => {
    const { batched: one, clock, calls } = batched();
    const { a } = pair([2]);
    const results = Promise.all([
      one.predict(pair([2])),
      one.predict(pair([3]), { outputs: ["product", "sum"] }),
      one.predict(pair([4]), { signature: "other" }),
      one.predict({ a }),
      one.predict(pair([5]), { outputs: ["product"] }),
      one.predict(pair([6]), { outputs: ["product", "product"] }),
    ]);
    await clock.advance(10);
    expect(
      calls.map(({ inputs, options }) => [
        numbersOf(inputs.a),
        Object.keys(inputs),
        options?.signature,
        options?.outputs,
      ]),
    ).toEqual([
      [[2, 3], ["a", "b"], DEFAULT_SIGNATURE, undefined],
      [[4], ["a", "b"], "other", undefined],
      [[2], ["a"], DEFAULT_SIGNATURE, ["sum", "product"]],
      [[5, 6], ["a", "b"], DEFAULT_SIGNATURE, ["product"]],
    ]);
    expect(Object.keys((await results)[4] as object)).toEqual(["product"]);
  });

  it("joins tensors by name, regardless of their order in a call", async () => {
    const { batched: one, clock, calls } = batched();
    const [a, b] = [tensor("float32", [1], [2]), tensor("float32", [1], [5])];
    const results = Promise.all([
      one.predict({ a, b }, { outputs: ["sum", "product"] }),
      one.predict({ b, a }, { outputs: ["product", "sum"] }),
    ]);
    await clock.advance();
    for (const { sum, product } of await results) {
      expect([numbersOf(sum), numbersOf(product)]).toEqual([[7], [10]]);
    }
    expect(calls).toHaveLength(1);
  });

  it("bounds the number of queues", async () => {
    const { batched: one, clock } = batched();
    const outputs = new Map<string, TensorSpec>();
    for (let i = 0; i < 100; i++) outputs.set(`y${i}`, { dtype: "float32", shape: [-1] });
    const inputs = new Map<string, TensorSpec>([["x", { dtype: "float32", shape: [-1] }]]);
    const wide = batch(
      {
        signatures: new Map([[DEFAULT_SIGNATURE, { inputs, outputs }]]),
        batchable: true,
        predict: async ({ x }, options) =>
          Object.fromEntries((options?.outputs ?? []).map((name) => [name, x as Tensor])),
      },
      { clock, slots: 1 },
    );
    const names = [...outputs.keys()];
    const crowd = Promise.all(names.map((name) => wide.predict(row(1), { outputs: [name] })));
    expect(wide.stats()).toHaveLength(65);
    await clock.advance();
    expect(await crowd).toHaveLength(100);
    const later = wide.predict(row(1), { outputs: names.slice(0, 2) });
    await clock.advance();
    expect(Object.keys(await later)).toEqual(["y0", "y1"]);
    expect(wide.stats()).toHaveLength(65);
    await one[Symbol.asyncDispose]();
  });

  it("rejects an invalid call before it can affect a batch", async () => {
    const { batched: one, clock, calls } = batched();
    const good = one.predict(pair([1]));
    const { a } = pair([1]);
    const bad: [Promise<unknown>, string][] = [
      [one.predict({ b: a }), "INPUT_MISSING"],
      [one.predict({ a, c: a }), "INPUT_UNEXPECTED"],
      [one.predict({ a: tensor("int32", [1], [1]) }), "TENSOR_DTYPE_MISMATCH"],
      [one.predict({ a: { ...a, shape: [2] } }), "TENSOR_INVALID"],
      [one.predict({ a }, { outputs: ["none"] }), "OUTPUT_NOT_FOUND"],
      [one.predict({ a: tensor("float32", [], [1]) }), "BATCH_NO_DIMENSION"],
      [one.predict({ a, b: tensor("float32", [2], [1, 2]) }), "BATCH_SIZES_UNEQUAL"],
    ];
    for (const [call, reason] of bad) {
      await expect(call).rejects.toMatchObject({ code: "INVALID_ARGUMENT", reason });
    }
    await expect(one.predict({ a }, { priority: 1 })).rejects.toThrow(RangeError);
    await clock.advance();
    await good;
    expect(calls).toHaveLength(1);
  });

  it("does not batch calls with no row, nor signatures whose dimension 0 is fixed", async () => {
    const { batched: one, calls } = batched();
    await one.predict({ a: tensor("float32", [0], []) });
    await one.predict({ a: tensor("float32", [1], [1]) }, { signature: "fixed" });
    expect(calls).toHaveLength(2);
    expect(one.stats().map(({ signature }) => signature)).toEqual([
      DEFAULT_SIGNATURE,
      DEFAULT_SIGNATURE,
      "other",
    ]);
  });

  it("never joins calls of different shapes or ranks", async () => {
    const {
      batched: one,
      clock,
      shapes,
    } = batched({ maxBatchSize: 4, allowedBatchSizes: [1, 2, 4] });
    const results = Promise.all([
      one.predict(pair([1, 2], [1, 2])),
      one.predict(pair([1, 2, 3], [1, 3])),
      one.predict(pair([3, 4], [1, 2])),
      one.predict(pair([5], [1])),
    ]);
    await clock.advance();
    expect((await results).map(({ sum }) => numbersOf(sum))).toEqual([
      [2, 4],
      [2, 4, 6],
      [6, 8],
      [10],
    ]);
    expect(shapes()).toEqual([[2, 2], [1, 3], [1]]);
  });

  it("a call with a shape that the model rejects affects no other call", async () => {
    const { batched: one, clock } = batched();
    const results = Promise.allSettled([
      one.predict(pair([1, 2], [1, 2])),
      one.predict(pair([666, 2, 3], [1, 3])),
      one.predict(pair([3, 4], [1, 2])),
    ]);
    await clock.advance();
    expect((await results).map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
  });

  it("pads variable lengths, for all inputs or by name", async () => {
    const {
      batched: one,
      clock,
      calls,
    } = batched({
      padVariableLengthInputs: { a: { value: 0, buckets: [4] }, b: { value: 7, buckets: [4] } },
    });
    const results = Promise.all([
      one.predict(pair([1], [1, 1])),
      one.predict(pair([1, 2, 3], [1, 3])),
    ]);
    await clock.advance();
    expect((await results).map(({ sum }) => numbersOf(sum))).toEqual([
      [2, 7, 7, 7],
      [2, 4, 6, 7],
    ]);
    expect(calls[0]?.inputs.b?.shape).toEqual([2, 4]);
    expect(() => batched({ padVariableLengthInputs: { a: { buckets: [4, 2] } } })).toThrow(
      'buckets of "a" must be rising',
    );
    expect(() => batched({ padVariableLengthInputs: { a: { value: 1e39 } } })).toThrow(
      'value of "a": expected a number from -3.4028234663852886e+38 to 3.4028234663852886e+38',
    );
  });

  it("a poisoned call fails alone when failed batches are run again", async () => {
    const {
      batched: one,
      clock,
      shapes,
    } = batched({ rerunFailedBatches: true, maxBatchSize: 4, allowedBatchSizes: [2, 4] });
    const results = Promise.allSettled([1, 666, 3].map((n) => one.predict(pair([n]))));
    await clock.advance();
    const outcomes = await results;
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toMatchObject({ reason: { message: "poisoned" } });
    expect(shapes()).toEqual([[4], [2], [2], [2]]);
    expect(one.stats()[0]).toMatchObject({ reruns: 3, batches: 1, succeeded: 2, failed: 1 });
  });

  it.each([
    ["that keeps its state", { state: "keep" as const }, "INVALID_ARGUMENT"],
    ["that is overloaded", {}, "RESOURCE_EXHAUSTED"],
    ["that was cancelled", {}, "CANCELLED"],
    ["that is gone", {}, "UNAVAILABLE"],
    ["that was late", {}, "DEADLINE_EXCEEDED"],
  ] as const)(
    "a batch of a model %s is not run again, and no call sees the model's words",
    async (_, model, code) => {
      const cause = new ServingError(code, "OF_MODEL", "wrong in [8 11 7]");
      let runs = 0;
      const { batched: one, clock } = batched(
        { rerunFailedBatches: true },
        { ...model, predict: () => Promise.reject(++runs && cause) },
      );
      const results = Promise.allSettled([1, 2].map((n) => one.predict(pair([n]))));
      await clock.advance();
      for (const outcome of await results) {
        const { reason } = outcome as PromiseRejectedResult;
        expect(reason).toMatchObject({ code, reason: "BATCH_FAILED", cause });
        expect(reason.message).not.toContain("[8 11 7]");
      }
      expect(runs).toBe(1);
      const alone = one.predict(pair([1])).catch((error) => error);
      await clock.advance();
      expect(await alone).toBe(cause);
    },
  );

  it("without it all calls of the batch fail", async () => {
    const { batched: one, clock } = batched();
    const results = Promise.allSettled([1, 666].map((n) => one.predict(pair([n]))));
    await clock.advance();
    expect((await results).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  it("splits calls that are larger than a batch and joins their outputs", async () => {
    const {
      batched: one,
      clock,
      shapes,
    } = batched({
      maxBatchSize: 10,
      enableLargeBatchSplitting: true,
      maxExecutionBatchSize: 4,
      allowedBatchSizes: [1, 4],
    });
    const numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    const results = Promise.all([one.predict(pair([0])), one.predict(pair(numbers))]);
    await clock.advance();
    const [, large] = await results;
    expect(large.sum).toEqual(
      tensor(
        "float32",
        [10],
        numbers.map((n) => 2 * n),
      ),
    );
    expect(shapes()).toEqual([[4], [4], [4]]);
  });

  it("rejects calls that are larger than a batch if splitting is off", async () => {
    const { batched: one } = batched({ maxBatchSize: 2 });
    await expect(one.predict(pair([1, 2, 3]))).rejects.toMatchObject({ reason: "TASK_TOO_LARGE" });
  });

  it("an output without a row for each row fails the batch", async () => {
    const { batched: one, clock } = batched(
      {},
      { predict: async () => ({ sum: tensor("float32", [1], [1]) }) },
    );
    const results = Promise.allSettled([1, 2].map((n) => one.predict(pair([n]))));
    await clock.advance();
    for (const outcome of await results) {
      expect(outcome).toMatchObject({
        reason: { code: "FAILED_PRECONDITION", reason: "BATCH_OUTPUT_INVALID" },
      });
    }
  });

  it("passes the latest deadline of the calls to the predictor", async () => {
    const { batched: one, clock, calls } = batched();
    void one.predict(pair([1]), { deadlineAtMs: 5 });
    void one.predict(pair([1]), { deadlineAtMs: 9 });
    await clock.advance();
    expect(calls[0]?.options).toEqual({ signature: DEFAULT_SIGNATURE, deadlineAtMs: 9 });
  });

  it("joins inputs in memory that the predictor provides", async () => {
    const given: Tensor[] = [];
    const {
      batched: one,
      clock,
      calls,
    } = batched(
      {},
      {
        allocate(dtype, shape) {
          const memory = tensor(
            "float32",
            shape,
            new Float32Array(shape.reduce((n, m) => n * m, 1)),
          );
          given.push(memory);
          return dtype === "float32" ? (memory as never) : undefined;
        },
      },
    );
    const results = Promise.all([one.predict(pair([1])), one.predict(pair([2]))]);
    await clock.advance();
    await results;
    expect(calls[0]?.inputs.a?.data).toBe(given[0]?.data);
    expect(one.allocate?.("float32", [3])).toBe(given[2]);
  });

  it("shares the predictor with other threads while it is not disposed", async () => {
    const unshared: unknown[] = [];
    const token = { platform: "test" };
    const { batched: one, predictor } = batched(
      {},
      {
        unshare: (shared) => void unshared.push(shared),
        share() {
          expect(this).toBe(predictor);
          return token;
        },
      },
    );
    expect(one.share?.()).toBe(token);
    await one[Symbol.asyncDispose]();
    expect(() => one.share?.()).toThrow(expect.objectContaining({ reason: "PREDICTOR_CLOSED" }));
    one.unshare?.(token);
    expect(unshared).toEqual([token]);
    expect(batched().batched.share).toBeUndefined();
  });

  it("lets the predictor reject an unknown signature", async () => {
    const { batched: one } = batched(
      {},
      { predict: async () => Promise.reject(new Error("mine")) },
    );
    await expect(one.predict({}, { signature: "unsupported" })).rejects.toThrow("mine");
  });

  it("has options for signatures, and changes them live", async () => {
    const {
      batched: one,
      clock,
      shapes,
    } = batched({
      maxBatchSize: 4,
      signatures: { other: { maxBatchSize: 2 } },
    });
    const call = (n: number) => one.predict(pair([n]), { signature: "other" });
    let results = Promise.all([call(1), call(2), call(3)]);
    await clock.advance();
    await results;
    expect(shapes()).toEqual([[2], [1]]);
    one.configure({ maxBatchSize: 3 }, "other");
    expect(one.options).toMatchObject({
      maxBatchSize: 4,
      signatures: { other: { maxBatchSize: 3 } },
    });
    results = Promise.all([call(1), call(2), call(3)]);
    await clock.advance();
    await results;
    expect(shapes()).toEqual([[2], [1], [3]]);
    expect(() => one.configure({ maxBatchSize: 0 })).toThrow(
      "max_batch_size must be positive; was 0",
    );
    expect(() => one.configure({}, "none")).toThrow('signature "none" was not found');
  });

  it("rejects options that do not exist", () => {
    const { predictor } = arithmetic();
    const refused = expect.objectContaining({
      reason: "BATCHING_OPTIONS_INVALID",
      message: expect.stringContaining('there is no option "maxBatchsize"; expected one of maxBa'),
    });
    const wrong = { maxBatchsize: 3 } as BatchingOptions;
    expect(() => batch(predictor, wrong)).toThrow(refused);
    expect(() => batch(predictor, { signatures: { f: wrong } })).toThrow(refused);
    expect(() => batch(predictor).configure(wrong)).toThrow(refused);
    expect(() => batching(wrong)).toThrow(refused);
  });

  it("rejects a predictor that is not batchable with the reason, or passes its calls through", async () => {
    const { predictor, calls } = arithmetic({ batchable: false });
    expect(() => batch(predictor)).toThrow(
      expect.objectContaining({ code: "FAILED_PRECONDITION", reason: "NOT_BATCHABLE" }),
    );
    const through = batch(predictor, { unbatchable: "pass-through" });
    expect(through.batchable).toBe(false);
    await Promise.all([through.predict(pair([1])), through.predict(pair([2]))]);
    expect(calls).toHaveLength(2);
    expect(through.stats()).toEqual([]);
  });

  it("disposing runs queued calls, then disposes the predictor, then rejects new calls", async () => {
    const clock = new FakeClock();
    const predictor = new FakePredictor({ clock, runMs: 5 });
    const one = batch(predictor, { clock });
    const call = one.predict(row(2));
    const disposed = one[Symbol.asyncDispose]();
    expect(one[Symbol.asyncDispose]()).toBe(disposed);
    await expect(one.predict(row(2))).rejects.toMatchObject({ reason: "PREDICTOR_CLOSED" });
    await clock.advance(4);
    expect(predictor.isDisposed).toBe(false);
    await clock.advance(1);
    await disposed;
    expect(valuesOf(await call)).toEqual([3]);
    expect(predictor.isDisposed).toBe(true);
  });

  it("rejects a clock in addition to shared slots", () => {
    const options = { slots: new SharedSlots(), clock: new FakeClock() };
    expect(() => batch(arithmetic().predictor, options)).toThrow(
      "clock must be set on the given slots",
    );
  });
});

describe("batching", () => {
  const id = servableId("half", 1);
  const signal = new AbortController().signal;

  async function adapted(loader: Loader<Predictor>, options?: Parameters<typeof batching>[0]) {
    const source = sourceFrom(async function* () {
      yield { name: "half", versions: [aspire(id, loader)] };
    });
    const { versions } = await firstValueFrom(source.pipe(batching(options)));
    const [version] = versions;
    if (version === undefined || "error" in version) throw new Error("no version");
    return version.data;
  }

  it("makes loaders that load batched predictors, and keeps what else they can do", async () => {
    const clock = new FakeClock();
    const predictor = new FakePredictor();
    const probes: string[] = [];
    const loader = await adapted(
      {
        estimateResources: async () => ({ ram: 5 }),
        probe: async ({ id }) => void probes.push(id.name),
        load: async () => predictor,
      },
      { clock },
    );
    expect(await loader.estimateResources?.()).toEqual({ ram: 5 });
    await loader.probe?.({ id, signal });
    expect(probes).toEqual(["half"]);
    const one = await loader.load({ id, signal });
    const calls = Promise.all([one.predict(row(2)), one.predict(row(4))]);
    await clock.advance();
    expect((await calls).map(valuesOf)).toEqual([[3], [4]]);
    expect(predictor.runs).toEqual([2]);
    const bare = await adapted({ load: async () => predictor });
    expect([bare.estimateResources, bare.probe]).toEqual([undefined, undefined]);
  });

  it("disposes a predictor that cannot be batched and rejects", async () => {
    const predictor = new FakePredictor({ batchable: false });
    const loader = await adapted({ load: async () => predictor });
    await expect(loader.load({ id, signal })).rejects.toMatchObject({ reason: "NOT_BATCHABLE" });
    expect(predictor.isDisposed).toBe(true);
  });

  it("asks a function for the options of each version", async () => {
    const predictor = new FakePredictor();
    const own: Loader<Predictor> = { load: async () => predictor };
    expect(await adapted(own, () => undefined)).toBe(own);
    const loader = await adapted(own, ({ name }) => ({ maxBatchSize: name.length }));
    await expect(
      (await loader.load({ id, signal })).predict(rows(1, 2, 3, 4, 5)),
    ).rejects.toMatchObject({
      reason: "TASK_TOO_LARGE",
    });
  });

  it("shares the slots of one scheduler between all models", async () => {
    const clock = new FakeClock();
    const first = new FakePredictor({ clock, runMs: 10 });
    const second = new FakePredictor({ clock, runMs: 10 });
    const predictors = [first, second];
    const source = sourceFrom(async function* () {
      const loader: Loader<Predictor> = { load: async () => predictors.shift() as Predictor };
      yield { name: "half", versions: [1, 2].map((v) => aspire(servableId("half", v), loader)) };
    });
    const { versions } = await firstValueFrom(source.pipe(batching({ clock, slots: 1 })));
    const loaded = await Promise.all(
      versions.map((version) => {
        if ("error" in version) throw version.error;
        return version.data.load({ id: version.id, signal });
      }),
    );
    const calls = Promise.all(loaded.map((one) => one.predict(row(2))));
    await clock.advance();
    expect([first.runs, second.runs]).toEqual([[1], []]);
    await clock.advance(20);
    await calls;
    expect(second.runs).toEqual([1]);
  });
});

const runner = { describe, it };

adapterConformance<Loader<Predictor>, Loader<Predictor>>(runner, {
  name: "batching",
  create: () => batching(),
  data: { load: async () => new FakePredictor() },
  skip: [
    { reason: "putting a queue in front happens at load and cannot throw before", clauses: ["A3"] },
  ],
});

for (const [name, options] of Object.entries({
  "by default": {},
  "with TF Serving's timing": { timing: "batch-timeout", batchTimeoutMs: 1 },
  "with allowed sizes": {
    maxBatchSize: 8,
    allowedBatchSizes: [4, 8],
    enableLargeBatchSplitting: true,
    rerunFailedBatches: true,
  },
} satisfies Record<string, BatchingOptions>)) {
  predictorConformance(runner, {
    name: `a batched predictor, ${name}`,
    create: async () => batch(new FakePredictor(), options),
    examples: [
      { inputs: rows(1, 2), outputs: { y: tensor("float32", [2], [2.5, 3]) } },
      { inputs: row(100), outputs: { y: tensor("float32", [1], [52]) } },
    ],
  });
}
