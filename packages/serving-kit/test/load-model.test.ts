import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Model } from "@serving-kit/inference";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createModelServer, defineModel, loadModel, spec } from "../src/index.js";

const digits = fileURLToPath(new URL("../../../examples/models/digits", import.meta.url));
const image = new Float32Array(64);
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-load-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The name of the only input and output of a model. */
async function answer(model: Model): Promise<readonly number[]> {
  const { inputs = {} } = model.signatures.serving_default ?? {};
  const [name = ""] = Object.keys(inputs);
  const [output] = Object.values(await model.predict({ [name]: image }));
  return output?.shape ?? [];
}

describe("loadModel", () => {
  it("loads a folder of versions, the folder of a version, and a URL", async () => {
    for (const path of [digits, pathToFileURL(digits), join(digits, "1")]) {
      await using model = await loadModel(path);
      expect([model.version, model.platform]).toEqual([1n, "tflite"]);
      expect(await answer(model)).toEqual([1, 10]);
    }
  });

  it("loads the newest that loads, and reports a broken newer one", async () => {
    const base = join(folder, "broken");
    await cp(join(digits, "1"), join(base, "1"), { recursive: true });
    await mkdir(join(base, "2"));
    await writeFile(join(base, "2", "model.tflite"), "TFL3");
    const warnings: string[] = [];
    const logger = {
      info() {},
      error() {},
      warn: (_: unknown, line: string) => void warnings.push(line),
    };
    await using model = await loadModel(base, { logger: logger as never });
    expect(model.version).toBe(1n);
    expect(warnings).toEqual([expect.stringMatching(/^version 2 of .*broken did not load: /)]);
    await expect(loadModel(base, { version: 2 })).rejects.toThrow();
    await expect(loadModel(base, { version: 7 })).rejects.toThrow("expected one of 2, 1");
  });

  it.each<[string, (path: string) => Promise<void>, RegExp]>([
    ["nothing", async () => {}, /there is no model to load at .*: nothing is there$/],
    ["an empty folder", async (path) => void (await mkdir(path)), /it is not a model of/],
    [
      "a Keras file",
      async (path) => {
        await mkdir(path);
        await writeFile(join(path, "m.keras"), "");
      },
      /m.keras is a Keras file; write a SavedModel/,
    ],
    ["a text", (path) => writeFile(path, "hello"), /./],
  ])("rejects at %s, and says what lies there", async (name, make, message) => {
    const path = join(folder, name.replaceAll(" ", "-"));
    await make(path);
    await expect(loadModel(path)).rejects.toThrow(message);
  });

  it("checks the signatures that are expected", async () => {
    const expects = {
      signatures: { serving_default: { inputs: { picture: spec.float32([-1, 64]) }, outputs: {} } },
    };
    await expect(loadModel(digits, { expects })).rejects.toMatchObject({
      reason: "MODEL_UNEXPECTED",
    });
  });

  it("refuses calls after close, which can be repeated, and obeys the signal", async () => {
    const model = await loadModel(digits);
    const other = await loadModel(digits);
    const inFlight = answer(model);
    await Promise.all([model.close(), model.close()]);
    expect(await inFlight).toEqual([1, 10]);
    await expect(answer(model)).rejects.toMatchObject({ reason: "PREDICTOR_CLOSED" });
    expect(await answer(other)).toEqual([1, 10]);
    await other.close();
    await expect(loadModel(digits, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
  });
});

describe("the three programs of the README", () => {
  it("run as written", async () => {
    const double = defineModel({
      inputs: { x: spec.float32([-1]) },
      outputs: { y: spec.float32([-1]) },
      batchable: true,
      predict: ({ x }) => ({ y: x.data.map((value) => 2 * value) }),
    });
    await using models = await createModelServer({ models: { digits, double }, settleMs: 0 });
    const { y } = await models.predict("double", { x: [1, 2, 3] });
    expect(y.data).toEqual(new Float32Array([2, 4, 6]));
    expect(await answer(models.model("digits"))).toEqual([1, 10]);
  });
});
