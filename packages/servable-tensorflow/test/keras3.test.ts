import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tensor } from "@serving-kit/inference";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPython } from "../../server/test/python.js";
import { load, skipReason as noTensorFlow } from "./zoo.js";

interface Answer {
  readonly input: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly outputs: Readonly<Record<string, readonly number[]>>;
}

const python = findPython("tensorflow", "keras");
const noPython = " [skipped: needs Python with tensorflow, named by SERVING_KIT_PYTHON]";
const skipReason = noTensorFlow || (python === undefined ? noPython : "");
const script = fileURLToPath(new URL("models/keras3.py", import.meta.url));
const models = "tutorial plain fitted module recurrent normalized mixed_precision".split(" ");

let folder: string;
let answers: Readonly<Record<string, Answer>>;

beforeAll(async () => {
  if (skipReason) return;
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
  const printed = execFileSync(python as string, [script, folder], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  answers = JSON.parse(printed);
}, 120_000);

afterAll(async () => {
  if (!skipReason) await rm(folder, { recursive: true, force: true });
});

describe.skipIf(skipReason)(`Keras 3 models of tf.saved_model.save${skipReason}`, () => {
  it.each(models)("%s answers as in Python", async (name) => {
    const { input, shape, values, outputs } = answers[name] as Answer;
    await using predictor = await load(join(folder, name, "1"));
    const got = await predictor.predict({ [input]: tensor("float32", shape, values) });
    expect(Object.keys(got)).toEqual(Object.keys(outputs));
    for (const [alias, expected] of Object.entries(outputs)) {
      const values = Array.from(got[alias]?.data as Float32Array);
      expect(values).toEqual(expected.map((value) => expect.closeTo(value, 5)));
    }
  });
});
