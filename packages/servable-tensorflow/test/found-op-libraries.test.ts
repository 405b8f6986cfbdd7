import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringsOf, type Tensor, tensor } from "@serving-kit/inference";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPython } from "../../server/test/python.js";
import { findOpLibraries } from "../src/op-libraries.js";
import { load, skipReason as noTensorFlow } from "./zoo.js";

const installed = new Set(
  (await findOpLibraries()).filter(({ folder }) => folder !== undefined).map(({ name }) => name),
);

/** Why a model of a package cannot be made or loaded here; empty if it can. */
function whyNot(name: string, ...modules: string[]): string {
  if (noTensorFlow) return noTensorFlow;
  if (findPython(...modules) !== undefined && installed.has(name)) return "";
  return ` [skipped: needs Python with ${modules.join(", ")} in the environment, and as SERVING_KIT_PYTHON]`;
}

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Makes a model by a script and returns what that prints. */
function make(script: string, ...modules: string[]) {
  const path = fileURLToPath(new URL(`models/${script}.py`, import.meta.url));
  const python = findPython(...modules) as string;
  const printed = execFileSync(python, [path, join(folder, script)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return JSON.parse(printed.trim());
}

const noText = whyNot("tensorflow-text", "tensorflow", "tensorflow_text");
const noForests = whyNot("ydf-tf", "tensorflow", "ydf", "ydf_tf");

describe("a model with ops of an installed package answers without an option", () => {
  it.skipIf(noText)(`of tensorflow-text${noText}`, { timeout: 60_000 }, async () => {
    const { count, shape } = make("text_ops", "tensorflow", "tensorflow_text");
    await using predictor = await load(join(folder, "text_ops"));
    const sentence = tensor("string", [2], ["to be or", "not  to be at all"]);
    const got = await predictor.predict({ sentence });
    expect(Array.from(got.count?.data as BigInt64Array, Number)).toEqual(count);
    expect(got.tokens?.shape).toEqual(shape);
    const tokens = stringsOf(got.tokens as Tensor<"string">);
    expect(tokens).toEqual(["to", "be", "or", "", "", "not", "to", "be", "at", "all"]);
  });

  it.skipIf(noForests)(`of ydf-tf${noForests}`, { timeout: 60_000 }, async () => {
    const { rows, answers } = make("forest_ops", "tensorflow", "ydf", "ydf_tf");
    await using predictor = await load(join(folder, "forest_ops"));
    const { inputs } = predictor.signatures.get("serving_default") ?? {};
    const feeds = Object.fromEntries(
      Object.entries(rows as Record<string, number[]>).map(([name, values]) => {
        const { dtype, shape } = inputs?.get(name) ?? { dtype: "float32", shape: [-1] };
        const extents = shape?.length === 2 ? [values.length, 1] : [values.length];
        return [name, tensor(dtype as "float32", extents, values)];
      }),
    );
    const [output] = Object.values(await predictor.predict(feeds));
    const got = Array.from(output?.data as Float32Array);
    expect(got).toEqual((answers as number[]).map((answer) => expect.closeTo(answer, 5)));
  });
});
