import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { servableId } from "@serving-kit/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { assertOutputs } from "../../testing/src/tensor-assertions.js";
import { tensorflow } from "../src/tensorflow.js";
import { load, skipReason as noTensorFlow, zoo, zooPath } from "./zoo.js";

const hasCompiler = spawnSync("cc", ["--version"]).status === 0;
const noCompiler = hasCompiler ? "" : " [skipped: there is no C compiler cc]";
const skipReason = noTensorFlow || noCompiler;

let folder: string;
let library: string;

beforeAll(async () => {
  if (skipReason) return;
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
  library = join(folder, "floor_div_op.so");
  const source = fileURLToPath(new URL("native/floor_div_op.c", import.meta.url));
  const undefinedSymbols = process.platform === "darwin" ? ["-undefined", "dynamic_lookup"] : [];
  const args = ["-shared", "-fPIC", ...undefinedSymbols, "-o", library, source];
  await promisify(execFile)("cc", args);
});

afterAll(async () => {
  if (!skipReason) await rm(folder, { recursive: true, force: true });
});

// In this order: an op that is loaded stays for the rest of the process's life.
describe.skipIf(skipReason)(`a model with an op of one's own${skipReason}`, () => {
  it("cannot be loaded without its library: the error names the op and the option", async () => {
    await expect(load(zooPath("missing-op"))).rejects.toMatchObject({
      reason: "SAVED_MODEL_LOAD_FAILED",
      message: expect.stringMatching(/'NoSuchOp'.*in the option opLibraries/s),
    });
  });

  it("loads with the library that its version alone names", async () => {
    const id = servableId("m", 1);
    const storage = { path: zooPath("missing-op"), options: { opLibraries: [library] } };
    const loader = tensorflow().loader(storage, id);
    const predictor = await loader.load({ id, signal: new AbortController().signal });
    expect(predictor.signatures.has("half")).toBe(true);
    await predictor[Symbol.asyncDispose]?.();
  });

  it("answers as Python's own op does, once or more often loaded with it", async () => {
    const call = zoo.get("arithmetic")?.find(({ signature }) => signature === "half");
    for (let i = 0; i < 2; i++) {
      const predictor = await load(zooPath("missing-op"), { opLibraries: [library] });
      const got = await predictor.predict(call?.inputs ?? {}, { signature: "half" });
      assertOutputs(got, call?.outputs ?? {}, 0, "half");
      await predictor[Symbol.asyncDispose]();
    }
  });
});
