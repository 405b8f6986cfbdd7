import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  defineModel,
  definePlatform,
  defineSignatures,
  type ModelType,
  spec,
  type Tensor,
  type Tensors,
} from "@serving-kit/inference";
import { filesystemProvider } from "@serving-kit/source-filesystem";
import { predictorConformance } from "@serving-kit/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createModelServer, model } from "../src/index.js";
import type { Observer } from "../src/plugins/observer.js";

const vector = spec.float32([-1]);
const double = defineModel({
  inputs: { x: vector },
  outputs: { y: vector },
  batchable: true,
  predict: ({ x }) => ({ y: x.data.map((value) => 2 * value) }),
});
const two = defineSignatures({
  signatures: {
    classify: { inputs: { n: spec.int64([-1]) }, outputs: { label: spec.string([-1]) } },
    regress: { inputs: { z: vector }, outputs: { sum: spec.float32([]), first: vector } },
  },
  predict: {
    classify: ({ n }) => ({ label: [...n.data].map((id) => (id % 2n === 0n ? "even" : "odd")) }),
    regress: ({ z }) => ({ sum: z.data.reduce((a, b) => a + b, 0), first: [z.data[0] ?? 0] }),
  },
});
/** Reads folders with a file `factor`. */
const factors = defineModel({
  name: "factors",
  inputs: { x: vector },
  outputs: { y: vector },
  accepts: async (path) => (await readFactor(path)) !== undefined,
  load: async ({ path }) => ({ factor: (await readFactor(path)) ?? 0 }),
  predict: ({ x }, { factor }) => ({ y: x.data.map((value) => factor * value) }),
});
async function readFactor(path: string): Promise<number | undefined> {
  const text = await readFile(join(path, "factor"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : Number(text);
}

let folder = "";
const publish = async (version: number, factor: number, name = "scale") => {
  await mkdir(join(folder, name, `${version}`), { recursive: true });
  await writeFile(join(folder, name, `${version}`, "factor"), `${factor}`);
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-local-"));
  await publish(1, 3);
  await publish(2, 5);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A server of all models, which sees what its observers see. */
function serve(observers: readonly Observer[] = []) {
  const all = { kind: "all" } as const;
  return createModelServer({
    platforms: [factors],
    sourceProviders: [filesystemProvider()],
    observers,
    settleMs: 0,
    models: {
      ...{ double, two },
      scale: {
        basePath: pathToFileURL(join(folder, "scale")),
        versionPolicy: all,
        labels: { stable: 1 },
      },
    },
  });
}

describe("models.predict, models.call and models.model", () => {
  it("accept values, and return outputs whose types follow from the definition", async () => {
    await using models = await serve();
    const { y } = await models.predict("double", { x: [1, 2, 3] });
    const data: Float32Array = y.data;
    expect([...data]).toEqual([2, 4, 6]);
    const { label } = await models.predict("two", { n: [1, 2n] }, { signature: "classify" });
    expect(label.data.map((bytes) => `${Buffer.from(bytes)}`)).toEqual(["odd", "even"]);
    const regressed = await models.predict(
      "two",
      { z: [1, 2] },
      { signature: "regress", outputs: ["sum"] },
    );
    expect([Object.keys(regressed), ...regressed.sum.data]).toEqual([["sum"], 3]);
    const { y: scaled } = await models.predict(
      "scale",
      { x: new Float32Array([1]) },
      { outputs: ["y"] },
    );
    expect([...scaled.data]).toEqual([5]);
  });

  it("choose a version or a label, and return which version answered", async () => {
    await using models = await serve();
    const call = (options: object) => models.call("scale", { x: [1] }, options);
    const versions = await Promise.all([call({}), call({ version: 1 }), call({ label: "stable" })]);
    expect(versions.map(({ id, outputs }) => [id.version, outputs.y?.data[0]])).toEqual([
      [2n, 5],
      [1n, 3],
      [1n, 3],
    ]);
    await expect(call({ version: 7 })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(call({ label: "no" })).rejects.toMatchObject({ reason: "LABEL_NOT_FOUND" });
  });

  it("reject invalid calls with a message, and release the version", async () => {
    await using models = await serve();
    const untyped = models as unknown as { predict(...args: unknown[]): Promise<unknown> };
    await expect(untyped.predict("none", {})).rejects.toMatchObject({
      reason: "SERVABLE_NOT_FOUND",
    });
    await expect(untyped.predict("double", { z: [1] })).rejects.toMatchObject({
      reason: "INPUT_MISSING",
    });
    await expect(untyped.predict("double", { x: ["1"] })).rejects.toMatchObject({
      status: 400,
      message: 'tensor "x"[0]: expected a number; got "1"; write Number(it)',
    });
    await expect(untyped.predict("two", {})).rejects.toMatchObject({
      reason: "SIGNATURE_NOT_FOUND",
    });
    await expect(
      untyped.predict("double", { x: [1] }, { signal: AbortSignal.abort("no") }),
    ).rejects.toBe("no");
    await expect(untyped.predict("double", { x: [1] }, { timeoutMs: 0 })).rejects.toMatchObject({
      reason: "DEADLINE_EXCEEDED",
    });
  });

  it("are observed once, as any call", async () => {
    const seen: unknown[] = [];
    const observer: Observer = {
      name: "seen",
      observe: () => ({
        begin: ({ api, entrypoint, model }) => ({
          running: (id) => void seen.push([api, entrypoint, model, id.version]),
          ran: () => {},
          end: (error) => void seen.push(error === undefined ? "ok" : "failed"),
        }),
      }),
    };
    await using models = await serve([observer]);
    await models.predict("double", { x: [1] });
    await models.predict("double", { x: ["1"] as never }).catch(() => {});
    expect(seen).toEqual([["Predict", "in-process", "double", 1n], "ok", "failed"]);
  });

  it("pass one model on, which the server owns", async () => {
    await using models = await serve();
    const one = models.model("scale");
    expect([one.version, one.platform]).toEqual([2n, undefined]);
    expect(models.model("double").platform).toBe("defined-model");
    expect(models.model("double").signatures).toMatchObject({
      serving_default: { inputs: { x: vector } },
    });
    await one.close();
    expect((await one.predict({ x: [2] })).y?.data[0]).toBe(10);
    expect(() => models.model("none" as "double").version).toThrow("Servable not found");
  });
});

it("a defined model with accepts serves version folders, and swaps them", async () => {
  await publish(1, 3, "swapped");
  await using models = await createModelServer({
    platforms: [factors],
    sourceProviders: [filesystemProvider()],
    ...{ settleMs: 0, pollIntervalMs: 0 },
    models: { swapped: join(folder, "swapped") },
  });
  const call = async () => {
    const { outputs, id } = await models.call("swapped", { x: [1] });
    return [id.version, outputs.y?.data[0]];
  };
  expect(await call()).toEqual([1n, 3]);
  await publish(2, 7, "swapped");
  await models.poll();
  await models.manager.available({ name: "swapped", version: 2 });
  expect(await call()).toEqual([2n, 7]);
});

describe("the conformance suite, through models.predict", () => {
  predictorConformance(
    { describe, it },
    {
      name: "a defined model in a server",
      create: async () => {
        const models = await serve();
        const using = models.manager.acquire({ name: "double" });
        return {
          signatures: using.servable.signatures,
          batchable: true,
          predict: (inputs, options = {}) => {
            const { deadlineAtMs, ...others } = options;
            const timeoutMs =
              deadlineAtMs === undefined ? undefined : deadlineAtMs - performance.now();
            return models.predict("double", inputs as never, { ...others, timeoutMs } as never);
          },
          [Symbol.asyncDispose]: async () => {
            using.release();
            await models.close();
          },
        };
      },
      examples: [
        { inputs: { x: tensorOf(1) }, outputs: { y: tensorOf(2) } },
        { inputs: { x: tensorOf(3) }, outputs: { y: tensorOf(6) } },
      ],
      skip: [
        { clauses: ["S6"], reason: "it takes more values than tensors: a number is one row" },
        { clauses: ["S10"], reason: "a closed server is UNAVAILABLE, not a closed predictor" },
      ],
    },
  );
  function tensorOf(value: number) {
    return { dtype: "float32", shape: [1], data: new Float32Array([value]) } as const;
  }
});

describe("models as a record", () => {
  const expects = (dtype: "float32" | "int32"): ModelType => ({
    signatures: { serving_default: { inputs: { x: { dtype, shape: [-1] } }, outputs: {} } },
  });

  it("hold the types that a model must have, and reject a version that has others", async () => {
    const place = join(folder, "scale");
    const sourceProviders = [filesystemProvider()];
    const options = { platforms: [factors], sourceProviders, settleMs: 0 };
    await using models = await createModelServer({
      ...options,
      models: { scale: model(place, expects("float32")) },
    });
    await models.predict("scale", { x: [1] });
    await using same = await createModelServer({
      ...options,
      models: { scale: model(place, factors) },
    });
    expect([...(await same.predict("scale", { x: [1] })).y.data]).toEqual([5]);
    const wrong = createModelServer({
      ...options,
      models: { scale: model(place, expects("int32")) },
    });
    await expect(wrong).rejects.toThrow(
      /expected input of serving_default "x" int32 \[-1\]; got float32 \[-1\]; write its types again: serving-kit types/,
    );
  });

  it("reject a newer version that has others, while the old one serves", async () => {
    /** Files `dtype`: a model that passes on `x` of that dtype. */
    const passing = definePlatform({
      name: "passing",
      accepts: async () => true,
      async load({ path }) {
        const dtype = (await readFile(join(path, "dtype"), "utf8")) as "float32";
        const x = { dtype, shape: [-1] };
        const signatures = { serving_default: { inputs: { x }, outputs: { x } } };
        return { signatures, predict: async ({ x }: Tensors) => ({ x: x as Tensor }) };
      },
    });
    const place = join(folder, "passing");
    const publishDtype = async (version: number, dtype: string) => {
      await mkdir(join(place, `${version}`), { recursive: true });
      await writeFile(join(place, `${version}`, "dtype"), dtype);
    };
    await publishDtype(1, "float32");
    await using models = await createModelServer({
      platforms: [passing()],
      sourceProviders: [filesystemProvider()],
      settleMs: 0,
      pollIntervalMs: 0,
      models: { passing: model(place, expects("float32")) },
    });
    await publishDtype(2, "int32");
    await models.poll();
    const failed = () => models.manager.states().find(({ id }) => id.version === 2n)?.error;
    await vi.waitFor(() => expect(failed()).toBeDefined());
    expect(failed()).toMatchObject({
      reason: "MODEL_UNEXPECTED",
      message: expect.stringMatching(/write its types again: serving-kit types \S+passing/),
    });
    const { id } = await models.call("passing", { x: [1] });
    expect(id.version).toBe(1n);
  });

  it.each<[string, object, RegExp]>([
    [
      "a model that reads folders",
      { models: { factors } },
      /has accepts.*write { basePath: "…", platform: it }/,
    ],
    [
      "a platform that is one model",
      { platforms: [double] },
      /one model without accepts; write models: { name: it }/,
    ],
    [
      "a number",
      { models: { a: 3 } },
      /models.a: expected a path, a URL, { basePath, … } or a defined model; got 3/,
    ],
    ["a promise", { models: { a: Promise.resolve() } }, /got a Promise; await it first/],
    ["a string", { models: "models" }, /models: expected { name: path } or a list/],
    ["a place without a path", { models: { a: {} } }, /models\[0\].basePath/],
    [
      "an unknown option of a place",
      { models: { a: { basePath: "p", expect: {} } } },
      /models\[0\]: unknown option expect; did you mean expects\?/,
    ],
  ])("refuse %s", async (_, options, message) => {
    await expect(createModelServer({ platforms: [], ...options })).rejects.toThrow(message);
  });
});
