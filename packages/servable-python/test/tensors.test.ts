import { batch } from "@serving-kit/batching";
import { type AnyTensor, type Tensor, type Tensors, tensor } from "@serving-kit/inference";
import { predictorConformance } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { python } from "../src/python.js";
import { INTERPRETER, keptLog, MODULES, noNumpy, open } from "./support.js";

const x = (...rows: number[][]) => ({ x: tensor("float32", [rows.length, 3], rows.flat()) });
const listOf = ({ [name(0)]: one }: Tensors) => [...((one as AnyTensor).data as Iterable<number>)];
function name(_: number) {
  return "sum" as const;
}

const title = `tensors${noNumpy ? ` (skipped: ${noNumpy})` : ""}`;
describe.skipIf(noNumpy)(title, () => {
  it("answers by its signatures, with load and the signature's name", async () => {
    const model = await open("tensors.py");
    expect([...model.signatures.keys()]).toEqual(["serving_default", "greet"]);
    expect(model.batchable).toBe(true);
    const { sum, double } = await model.predict(x([1, 2, 3], [4, 5, 6]));
    expect(sum).toEqual(tensor("float32", [2], [6, 15]));
    expect(double).toEqual(tensor("float32", [2, 3], [2, 4, 6, 8, 10, 12]));
    const names = { name: tensor("string", [2], ["you", "ä"]) };
    const { greeting } = await model.predict(names, { signature: "greet" });
    expect(greeting?.data).toEqual(
      ["hello you", "hello ä"].map((text) => new TextEncoder().encode(text)),
    );
    expect(Object.keys(await model.predict(x([1, 2, 3]), { outputs: ["double"] }))).toEqual([
      "double",
    ]);
  });

  it("every dtype goes there and back bit by bit, scalars, empty and large ones too", async () => {
    const model = await open("tensors.py", { exportName: "Echo" });
    const tensors: Tensor[] = [
      tensor("float16", [2], [1.5, -0]),
      tensor("float32", [], [Number.NaN]),
      tensor("float64", [1, 1, 2], [Number.NEGATIVE_INFINITY, 0.1]),
      tensor("complex64", [1], [1, -2]),
      tensor("complex128", [2], [1, 2, 3, 4]),
      tensor("bool", [3], [true, false, true]),
      tensor("string", [2, 2], ["", "a", "ä\0", "b".repeat(70_000)]),
      tensor("string", [0], []),
      tensor("int8", [1], [-128]),
      tensor("int16", [1], [-(2 ** 15)]),
      tensor("int32", [0, 3], []),
      tensor("int64", [2], [-(2n ** 63n), 2n ** 63n - 1n]),
      tensor("uint8", [1], [255]),
      tensor("uint16", [1], [65_535]),
      tensor("uint32", [1], [2 ** 32 - 1]),
      tensor("uint64", [1], [2n ** 64n - 1n]),
      tensor(
        "float32",
        [224, 224, 3],
        Float32Array.from({ length: 224 * 224 * 3 }, (_, i) => i),
      ),
    ];
    for (const one of tensors) {
      const { x: back } = await model.predict({ x: one }, { signature: one.dtype });
      expect(back?.shape).toEqual(one.shape);
      const bytes = ({ data }: Tensor) =>
        Array.isArray(data)
          ? data.map((s) => Buffer.from(s))
          : Buffer.from(
              (data as Uint8Array).buffer,
              (data as Uint8Array).byteOffset,
              (data as Uint8Array).byteLength,
            );
      expect(bytes(back as Tensor)).toEqual(bytes(one));
    }
  });

  it("numpy reads inputs where they arrived, at multiples of 64", async () => {
    const model = await open("tensors.py", { exportName: "Facts" });
    for (const count of [1, 17, 100_000]) {
      const a = tensor("float32", [count], new Float32Array(count));
      const b = tensor("float64", [count], new Float64Array(count));
      const { facts } = await model.predict({ a, b });
      expect(facts?.data).toEqual(BigInt64Array.of(0n, 1n, 1n, 0n, 1n, 1n));
    }
  });

  it("inputs that a model keeps stay as they are, large ones too", async () => {
    const model = await open("tensors.py", { exportName: "Keeper" });
    const firsts = [];
    for (const count of [100_000, 100_000, 50_000, 10, 10, 100_000]) {
      firsts.push(firsts.length + 0.5);
      const x = tensor("float32", [count], new Float32Array(count).fill(firsts.length - 0.5));
      expect((await model.predict({ x })).firsts?.data).toEqual(Float32Array.from(firsts));
    }
  });

  it.each([
    ["float64", [1.5, 2.5]],
    ["list", [1, 2]],
    ["view", [0, 2, 4]],
    ["big-endian", [1, 2]],
  ])("an output as %s becomes the dtype of the signature", async (kind, expected) => {
    const model = await open("tensors.py", { exportName: "Casts" });
    const { y } = await model.predict({ kind: tensor("string", [], [kind]) });
    expect(y).toEqual(tensor("float32", [expected.length], expected));
  });

  it("outputs that do not fit are an error that names what to write", async () => {
    const model = await open("tensors.py", { exportName: "Casts" });
    const problem = (kind: string) =>
      model
        .predict({ kind: tensor("string", [], [kind]) })
        .catch(({ reason, message }) => `${reason} ${message}`);
    expect(await problem("text")).toMatch(/OUTPUT_INVALID .*"y" must be float32; got <U1/);
    expect(await problem("complex")).toMatch(/got complex128. Return array.astype\("float32"\)/);
    expect(await problem("rank")).toMatch(/"y" must have shape \[-1\] \(-1 is any\); got \[2, 2\]/);
    expect(await problem("missing")).toMatch(/predict must return the outputs y; got $/);
    expect(await problem("extra")).toMatch(/predict must return the outputs y; got y, z/);
    expect(await problem("array")).toMatch(/predict must return a dict of arrays; got ndarray/);
  });

  it("async def works: calls share an event loop, and close is awaited", async () => {
    const { lines, logger } = keptLog();
    const model = await open("tensors.py", { exportName: "opens_later", concurrency: 2, logger });
    const two = { x: tensor("float32", [1], [1]) };
    expect(await Promise.all([model.predict(two), model.predict(two)])).toHaveLength(2);
    await model[Symbol.asyncDispose]?.();
    expect(lines.map(({ message }) => message)).toContain("python: closed by a coroutine");
  });

  it("concurrency: calls run in as many threads of one worker", async () => {
    const model = await open("tensors.py", { exportName: "Threads", concurrency: 2 });
    const one = { x: tensor("float32", [1], [1]) };
    expect(await Promise.all([model.predict(one), model.predict(one)])).toHaveLength(2);
  });

  it.each([
    ["NoSignatures", /NoSignatures must have signatures; got none/],
    ["BadDtype", /inputs "x" must have a dtype such as float32; got 'float31'/],
    ["Missing", /expected a class or function Missing; the module has/],
  ])("%s is refused when it is loaded", async (exportName, message) => {
    await expect(open("tensors.py", { exportName })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "PYTHON_MODULE_UNFIT",
      message: expect.stringMatching(message),
    });
  });

  it("a batch that ends its worker is run again call by call, once", async () => {
    const model = await open("tensors.py", { workers: 2 });
    const batched = batch(model, { maxBatchSize: 8, batchTimeoutMs: 10_000, slots: 1 });
    const calls = Array.from({ length: 8 }, (_, i) =>
      batched.predict(x([i === 3 ? 666 : i, 0, 0])).then(listOf, ({ reason }) => reason),
    );
    expect(await Promise.all(calls)).toEqual([
      [0],
      [1],
      [2],
      "PYTHON_WORKER_DIED",
      [4],
      [5],
      [6],
      [7],
    ]);
  });

  it("facts of a batch, such as the pid, reach each call", async () => {
    const model = await open("tensors.py");
    const batched = batch(model, { maxBatchSize: 2, batchTimeoutMs: 10_000 });
    const facts: unknown[] = [];
    const onFact = (...fact: unknown[]) => facts.push(fact);
    await Promise.all([
      batched.predict(x([1, 2, 3]), { onFact }),
      batched.predict(x([4, 5, 6]), { onFact }),
    ]);
    expect(facts).toEqual([["process.pid", expect.any(Number)], facts[0]]);
  });
});

if (!noNumpy) {
  const examples = [
    {
      inputs: x([1, 2, 3]),
      outputs: { sum: tensor("float32", [1], [6]), double: tensor("float32", [1, 3], [2, 4, 6]) },
    },
    {
      inputs: x([1, 0, 0], [0, 1, 2]),
      outputs: {
        sum: tensor("float32", [2], [1, 3]),
        double: tensor("float32", [2, 3], [2, 0, 0, 0, 2, 4]),
      },
    },
    {
      signature: "greet",
      inputs: { name: tensor("string", [1], ["you"]) },
      outputs: { greeting: tensor("string", [1], ["hello you"]) },
    },
  ];
  const create = async () => {
    const { code } = python({ ...(INTERPRETER && { interpreter: INTERPRETER }) });
    const module = { modulePath: `${MODULES}/tensors.py`, basePath: MODULES };
    const id = { name: "m", version: 1n };
    const loader = code?.loader(module, { path: MODULES }, id);
    return loader?.load({ id, signal: new AbortController().signal }) as ReturnType<typeof open>;
  };
  const longRunning = { inputs: x([1000, 0, 0]) };
  const options = { examples, longRunning, timeoutMs: 30_000, maxBlockMs: 1_000 };
  predictorConformance({ describe, it }, { name: "python", create, ...options });
  predictorConformance(
    { describe, it },
    {
      name: "python, batched",
      create: async () => batch(await create(), { batchTimeoutMs: 1 }),
      ...options,
    },
  );
}
