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
  it("loads a folder of versions, the folder of a version, a file, and a URL", async () => {
    const file = join(digits, "1", "model.tflite");
    for (const path of [digits, pathToFileURL(digits), join(digits, "1"), file]) {
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
    expect(warnings).toEqual([expect.stringMatching(/^loading version 2 of .*broken failed: /)]);
    await expect(loadModel(base, { version: 2 })).rejects.toThrow();
    await expect(loadModel(base, { version: 7 })).rejects.toThrow("expected one of 2, 1");
  });

  it.each<[string, (path: string) => Promise<void>, RegExp]>([
    ["nothing", async () => {}, /no model to load at .*: the path does not exist$/],
    [
      "an empty folder",
      async (path) => void (await mkdir(path)),
      /it is not a model of .*; found an empty folder$/,
    ],
    [
      "a folder of others",
      async (path) => {
        for (const name of ["a", "b", "c", "d", "e", "f"]) {
          await mkdir(join(path, name), { recursive: true });
        }
      },
      /; found a, b, c, d, e and 1 more$/,
    ],
    [
      "a Keras file",
      async (path) => {
        await mkdir(path);
        await writeFile(join(path, "m.keras"), "");
      },
      /m.keras is a Keras file; write a SavedModel/,
    ],
    ["a string", (path) => writeFile(path, "hello"), /it is not a model of .*; found a file$/],
  ])("rejects at %s, and says what lies there", async (name, make, message) => {
    const path = join(folder, name.replaceAll(" ", "-"));
    await make(path);
    await expect(loadModel(path)).rejects.toThrow(message);
  });

  it.each([[new URL("https://host/m")], [""], [undefined], [7]])(
    "rejects for %s, which is not a path",
    async (path) => {
      await expect(loadModel(path as never)).rejects.toThrow("expected a path or a file: URL");
    },
  );

  it("loads the program's own model, with the files it loads", async () => {
    const scaled = defineModel({
      inputs: { x: spec.float32([-1]) },
      outputs: { y: spec.float32([-1]) },
      accepts: () => true,
      load: async ({ path, id }) => ({ scale: path.endsWith(`${id.version}`) ? 2 : 0 }),
      predict: ({ x }, { scale }) => ({ y: x.data.map((value) => scale * value) }),
    });
    await using model = await loadModel(digits, { platform: scaled });
    const { y } = await model.predict({ x: [3] }, { outputs: ["y"] });
    expect([...y.data]).toEqual([6]);
  });

  it("checks the signatures that are expected", async () => {
    const expects = {
      signatures: { serving_default: { inputs: { picture: spec.float32([-1, 64]) }, outputs: {} } },
    };
    await expect(loadModel(digits, { expects })).rejects.toMatchObject({
      reason: "MODEL_UNEXPECTED",
      message: expect.stringMatching(
        /expected input of serving_default "picture" float32 \[-1,64\]; got image; write its types again: serving-kit types \S+digits/,
      ),
    });
  });

  it("rejects a newer version that does not fit, and loads the one that does", async () => {
    const base = join(folder, "changed");
    await cp(join(digits, "1"), join(base, "1"), { recursive: true });
    await cp(join(digits, "quantized/1"), join(base, "2"), { recursive: true });
    const { signatures } = await loadModel(join(base, "1"));
    await using model = await loadModel(base, { expects: { signatures } });
    expect(model.version).toBe(1n);
    await using newest = await loadModel(base);
    expect(newest.version).toBe(2n);
  });

  it("rejects calls after close, which can be repeated, and obeys the signal", async () => {
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
