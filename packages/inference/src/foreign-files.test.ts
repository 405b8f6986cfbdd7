import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { incomplete } from "@serving-kit/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { explainMissingModel } from "./foreign-files.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function explain(...files: string[]) {
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), "");
  }
  return explainMissingModel(folder, "model.x is missing");
}

describe("explainMissingModel", () => {
  it.each([
    ["model.keras", "a Keras file", 'keras.models.load_model("model.keras").export(folder)'],
    ["best.H5", "a Keras HDF5 file", 'keras.models.load_model("best.H5").export(folder)'],
    ["model.onnx", "an ONNX model", 'the platform "onnx"'],
    ["hand.task", "a MediaPipe task, which is a zip of .tflite files", "unzip hand.task"],
    ["frozen_graph.pb", "a frozen graph, which has no signatures", "simple_save"],
    ["m.tflite", "a TensorFlow Lite model", 'the platform "tflite"'],
    ["saved_model.pbtxt", "a SavedModel", 'the platform "tensorflow"'],
    ["model.ckpt-7.index", "a checkpoint, which has no graph", "export a SavedModel"],
    ["model.tar.gz", "an archive", "unpack model.tar.gz"],
  ])("names %s and says what to do", async (file, what, remedy) => {
    expect(await explain("README.md", file)).toEqual({
      isComplete: false,
      problem: `model.x is missing; ${file} is ${what}`,
      remedy: expect.stringContaining(remedy),
    });
  });

  it.each(["saved_model/saved_model.pb", "export/model.tflite"])("finds %s", async (file) => {
    const [subfolder, name] = file.split("/");
    expect(await explain(file)).toEqual({
      isComplete: false,
      problem: `model.x is missing; ${name} is in the subfolder ${subfolder}`,
      remedy: `move what is in ${subfolder} up into its parent folder`,
    });
  });

  it("adds nothing if nothing is known, or the folder is missing", async () => {
    expect(await explain("variables/variables.index")).toEqual(incomplete("model.x is missing"));
    await rm(folder, { recursive: true });
    expect(await explainMissingModel(folder, "a is missing")).toEqual(incomplete("a is missing"));
  });
});
