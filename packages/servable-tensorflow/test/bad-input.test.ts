import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isServingError, type ServingError } from "@serving-kit/core";
import { tensor } from "@serving-kit/inference";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nativeCounts } from "../src/native/native-counts.js";
import type { TensorFlowOptions } from "../src/options.js";
import { digitsPath, load, skipReason, zooPath } from "./zoo.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
  expect(nativeCounts().sessions).toBe(0);
});

async function loadError(options: TensorFlowOptions = {}): Promise<ServingError> {
  const error = await load(folder, options).then(
    (predictor) => predictor[Symbol.asyncDispose](),
    (error: unknown) => error,
  );
  if (!isServingError(error)) throw new Error(`expected a ServingError; got ${error}`);
  expect(error.message).toContain(folder);
  return error;
}

const file = (...parts: string[]) => join(folder, ...parts);

describe.skipIf(skipReason)(`a model that cannot be loaded${skipReason}`, () => {
  it("has its own error if it is missing", async () => {
    expect(await loadError()).toMatchObject({ code: "NOT_FOUND", reason: "SAVED_MODEL_MISSING" });
  });

  it("fails with the reason if saved_model.pb is truncated", async () => {
    await cp(digitsPath, folder, { recursive: true });
    await truncate(file("saved_model.pb"), 9_000);
    expect(await loadError()).toMatchObject({ code: "DATA_LOSS", reason: "SAVED_MODEL_INVALID" });
  });

  it("fails with the reason if saved_model.pbtxt is truncated", async () => {
    await cp(zooPath("tf1-text"), folder, { recursive: true });
    await truncate(file("saved_model.pbtxt"), 9_000);
    expect(await loadError()).toMatchObject({ code: "DATA_LOSS", reason: "SAVED_MODEL_INVALID" });
  });

  it("fails with the reason if a function of the graph is damaged", async () => {
    await cp(digitsPath, folder, { recursive: true });
    const bytes = await readFile(file("saved_model.pb"));
    // The tag of an op's name in the body of the function; no field has this wire type.
    bytes[bytes.lastIndexOf("MatMul") - 2] = 0x7f;
    await writeFile(file("saved_model.pb"), bytes);
    const error = await loadError();
    expect(error).toMatchObject({ code: "DATA_LOSS", reason: "SAVED_MODEL_INVALID" });
    expect(error.message).toContain("its graph: ");
  });

  it("fails with the reason if a shard of variables is missing", async () => {
    await cp(digitsPath, folder, { recursive: true });
    await rm(file("variables/variables.data-00000-of-00001"));
    const error = await loadError();
    expect(error.reason).toBe("SAVED_MODEL_INVALID");
    expect(error.message).toContain("variables/variables.data-00000-of-00001 is missing");
  });

  it("fails with the reason if a shard is shorter than its index says", async () => {
    await cp(digitsPath, folder, { recursive: true });
    await truncate(file("variables/variables.data-00000-of-00001"), 100);
    expect(await loadError()).toMatchObject({ code: "DATA_LOSS", reason: "SAVED_MODEL_INVALID" });
  });

  it("fails with the reason if an asset is missing", async () => {
    await cp(zooPath("table"), folder, { recursive: true });
    await rm(file("assets/vocabulary.txt"));
    expect((await loadError()).message).toContain("the asset vocabulary.txt is missing");
  });

  it("fails with the available tags if no graph has the tags", async () => {
    await cp(zooPath("tf1"), folder, { recursive: true });
    const error = await loadError({ tags: ["train"] });
    expect(error).toMatchObject({ code: "NOT_FOUND", reason: "TAGS_NOT_FOUND" });
    expect(error.message).toContain("tagged train; it has serve; serve,gpu");
  });

  it("fails with the op and the fix if no library has the op", async () => {
    await cp(zooPath("missing-op"), folder, { recursive: true });
    const error = await loadError();
    expect(error.reason).toBe("SAVED_MODEL_LOAD_FAILED");
    expect(error.message).toContain("Op type not registered 'NoSuchOp'");
    expect(error.message).toContain("pass the path of its library in the option opLibraries");
  });

  it("reports that the library is older than the model if an op is missing for that reason", async () => {
    await cp(zooPath("missing-op"), folder, { recursive: true });
    const bytes = await readFile(file("saved_model.pb"));
    bytes.write("9.21.0", bytes.indexOf("2.21.0"));
    await writeFile(file("saved_model.pb"), bytes);
    expect((await loadError()).message).toMatch(/older than 9\.21\.0, which wrote the model/);
  });

  it("fails with the reason if an op library does not open", async () => {
    await cp(digitsPath, folder, { recursive: true });
    const error = await loadError({ opLibraries: [file("no-such-library.so")] });
    expect(error.reason).toBe("OP_LIBRARY_FAILED");
  });

  it("fails with the reason if TensorFlow rejects the session's configuration", async () => {
    const config = { sessionConfig: Uint8Array.of(0xff, 0xff) };
    await expect(load(digitsPath, config)).rejects.toMatchObject({
      reason: "SESSION_OPTIONS_REFUSED",
    });
    await cp(digitsPath, folder, { recursive: true });
  });

  it("rejects when the signal has aborted", async () => {
    const { loadSavedModel } = await import("../src/load-saved-model.js");
    const reason = new Error("no longer wanted");
    const signal = AbortSignal.abort(reason);
    await expect(loadSavedModel(digitsPath, {}, { signal })).rejects.toBe(reason);
  });
});

describe.skipIf(skipReason)(`calls that fail${skipReason}`, () => {
  it("reject with TensorFlow's code and message, and leak nothing", async () => {
    const predictor = await load(zooPath("trouble"));
    const { tensors } = nativeCounts();
    for (let i = 0; i < 3; i++) {
      const call = predictor.predict({ x: tensor("float32", [], [-1]) });
      await expect(call).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        reason: "TENSORFLOW_RUN_FAILED",
        message: expect.stringContaining("x must be positive"),
      });
    }
    expect(nativeCounts().tensors).toBe(tensors);
    await predictor[Symbol.asyncDispose]();
  });

  it("fetch an output once if it is requested many times", async () => {
    const predictor = await load(zooPath("arithmetic"));
    const one = tensor("float32", [1], [1]);
    const outputs = new Array(1_000).fill("sum");
    expect(Object.keys(await predictor.predict({ a: one, b: one }, { outputs }))).toEqual(["sum"]);
    await predictor[Symbol.asyncDispose]();
  });
});

describe.skipIf(skipReason)(`damaged files${skipReason}`, () => {
  // SERVING_KIT_CORRUPTIONS=500 runs what the project promises.
  const corruptions = process.env.SERVING_KIT_CORRUPTIONS ?? "24";

  it(`leave the process alive: ${corruptions} at random`, async () => {
    const child = fileURLToPath(new URL("./corrupt-files-child.ts", import.meta.url));
    const flags = ["--conditions=@serving-kit/source", "--import", "tsx"];
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, child, corruptions]);
    expect(JSON.parse(stdout)).toMatchObject({ strange: [], sessions: 0 });
  }, 600_000);
});
