import { describe, expect, it } from "vitest";
import { isModelFile, isUnversionedModel } from "./unversioned-model.js";

describe("an unversioned base path", () => {
  it.each([
    [["model.tflite"], true],
    [["readme", "saved_model.pb", "variables"], true],
    [["saved_model.pbtxt"], true],
    [["model.onnx"], false],
    [[], false],
  ])("with %j is a model: %s", (names, isModel) => {
    expect(isUnversionedModel(names)).toBe(isModel);
  });

  it.each([
    ["/models/digits.tflite", true],
    ["/models/DIGITS.TFLITE", true],
    ["/models/saved_model.pb", true],
    ["/models/readme.md", false],
    ["/models/tflite", false],
  ])("that is the file %s is a model: %s", (path, isModel) => {
    expect(isModelFile(path)).toBe(isModel);
  });
});
