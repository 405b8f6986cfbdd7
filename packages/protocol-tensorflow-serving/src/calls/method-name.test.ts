import type { Predictor, Signature } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { checkMethodName } from "./method-name.js";

const method = (name: string): Signature => ({
  inputs: new Map(),
  outputs: new Map(),
  methodName: `tensorflow/serving/${name}`,
});
const predictor = {
  signatures: new Map<string, Signature>([
    ["serving_default", method("predict")],
    ["c", method("classify")],
    ["r", method("regress")],
    ["none", { inputs: new Map(), outputs: new Map() }],
  ]),
} as unknown as Predictor;

describe("a signature's method name", () => {
  it.each([
    ["Predict", undefined],
    ["Predict", "c"],
    ["Predict", "r"],
    ["Classify", "c"],
    ["Regress", "r"],
  ] as const)("lets %s use %s", (api, name) => {
    expect(() => checkMethodName(predictor, name, api)).not.toThrow();
  });

  it.each([
    ["Classify", "r", "INVALID_ARGUMENT", "classification signature method_name to be", "regress"],
    ["Classify", undefined, "INVALID_ARGUMENT", "classification signature", "predict"],
    ["Regress", "c", "INVALID_ARGUMENT", "regression signature method_name to be", "classify"],
    ["Predict", "none", "INTERNAL", "prediction signature method_name to be one of", ""],
  ] as const)("keeps %s from %s", (api, name, code, text, was) => {
    expect(() => checkMethodName(predictor, name, api)).toThrow(
      expect.objectContaining({
        code,
        reason: "SIGNATURE_UNFIT",
        message: expect.stringMatching(new RegExp(`${text}.* Was: .*${was}$`)),
      }),
    );
  });
});
