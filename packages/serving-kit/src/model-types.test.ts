import ts from "typescript";
import { describe, expect, it } from "vitest";
import { identifierOf, modelTypes } from "./model-types.js";

const type = {
  signatures: {
    serving_default: {
      inputs: { image: { dtype: "float32", shape: [-1, 64] } },
      outputs: { probabilities: { dtype: "float32", shape: [-1, 10] } },
    },
    "*/ evil\n": {
      inputs: { 'a"b': { dtype: "string", shape: null, isOptional: true } },
      outputs: {},
    },
  },
} as const;

/** The value of a module that was written, run as JavaScript. */
function digitsOf(text: string): unknown {
  const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  const { outputText, diagnostics } = ts.transpileModule(text, {
    compilerOptions: options,
    reportDiagnostics: true,
  });
  expect(diagnostics).toEqual([]);
  const exported: Record<string, unknown> = {};
  new Function("exports", outputText)(exported);
  return exported.digits;
}

describe("modelTypes", () => {
  it.each([[true], [false]])(
    "writes a module with the signatures (JavaScript: %s)",
    (isJavaScript) => {
      const text = modelTypes(type, { path: "models/digits", name: "digits", isJavaScript });
      expect(digitsOf(text)).toEqual(type);
      expect(text).not.toContain("import");
      if (!isJavaScript) expect(text).toContain("export interface Digits {");
    },
  );
});

describe("identifierOf", () => {
  it.each([
    ["digits", "digits"],
    ["my-model.v2", "myModelV2"],
    ["1", "model1"],
    ["default", "modelDefault"],
    ["…", "model"],
  ])("%s is %s", (text, name) => {
    expect(identifierOf(text)).toBe(name);
  });
});
