import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringsOf, type Tensor, type Tensors, tensor } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { type Answer, type Example, exampleNamed, load, modelFile } from "./support.js";

/** The rows of an example as columns by the names of its features. */
function columnsOf(example: Example, names: readonly string[], words?: string): Tensors {
  const { data, shape } = example.answer("rows") as Answer;
  const [rows = 0, features = 0] = shape;
  return Object.fromEntries(
    names.map((name, feature) => {
      if (name === words) {
        const texts = (example.words ?? []).map((word) => word ?? "");
        return [name, tensor("string", [rows], texts)];
      }
      const column = Array.from({ length: rows }, (_, row) => data[row * features + feature]);
      const dtype = example.library === "xgboost" ? "float32" : "float64";
      return [name, tensor(dtype, [rows], column as number[])];
    }),
  );
}

const names = ["few", "many", "n0", "n1", "n2"];

describe("signature columns", () => {
  it("is absent if the file has no names", async () => {
    await using predictor = await load(modelFile("binary.ubj"), "xgboost");
    expect([...predictor.signatures.keys()]).not.toContain("columns");
  });

  it("accepts each feature by its name, codes and texts of categories", async () => {
    for (const [name, words] of [["categories"], ["category-texts", "few"]] as const) {
      const example = exampleNamed(name);
      await using predictor = await load(modelFile(`${name}.ubj`), "xgboost");
      const few = predictor.signatures.get("columns")?.inputs.get("few");
      expect(few).toMatchObject({
        dtype: words ? "string" : "float32",
        shape: [-1],
        isOptional: true,
      });
      const inputs = columnsOf(example, names, words);
      const { predict } = await predictor.predict(inputs, { signature: "columns" });
      const wanted = example.answer("predict") as Answer;
      // "" is a category of the file, and a missing value here.
      const texts = words ? stringsOf(inputs.few as Tensor<"string">) : undefined;
      const rows = [...wanted.data.keys()].filter((row) => {
        return texts === undefined || example.words?.[row] !== "";
      });
      expect(rows.length).toBeGreaterThan(10);
      for (const row of rows) expect(predict?.data[row]).toBe(wanted.data[row]);
    }
  });

  it("accepts categories that are numbers by their values, and not by their positions", async () => {
    const example = exampleNamed("category-numbers");
    await using predictor = await load(modelFile("category-numbers.ubj"), "xgboost");
    const inputs = columnsOf(example, names);
    const tens = Array.from(inputs.few?.data as Float32Array, (code) => 10 * (1 + code));
    const few = tensor("float32", [tens.length], tens);
    const { predict } = await predictor.predict({ ...inputs, few }, { signature: "columns" });
    expect(predict?.data).toEqual((example.answer("predict") as Answer).data);
  });

  it("accepts a feature that is left out as missing", async () => {
    await using predictor = await load(modelFile("categories.ubj"), "xgboost");
    const inputs = columnsOf(exampleNamed("categories"), names);
    const rows = inputs.few?.shape[0] as number;
    const { few: _, ...others } = inputs;
    const missing = tensor("float32", [rows], new Float32Array(rows).fill(Number.NaN));
    const left = await predictor.predict(others, { signature: "columns" });
    const nan = await predictor.predict({ ...others, few: missing }, { signature: "columns" });
    expect(left).toEqual(nan);
    expect(left).not.toEqual(await predictor.predict(inputs, { signature: "columns" }));
  });

  it("treats a number as missing if the option `missing` names it", async () => {
    const example = exampleNamed("categories");
    await using predictor = await load(modelFile("categories.ubj"), "xgboost", { missing: -999 });
    const inputs = columnsOf(example, names);
    const marked = Object.fromEntries(
      Object.entries(inputs).map(([name, { data, shape }]) => {
        const values = Array.from(data as Float32Array, (x) => (Number.isNaN(x) ? -999 : x));
        return [name, tensor("float32", shape, values)];
      }),
    );
    const { predict } = await predictor.predict(marked, { signature: "columns" });
    expect(predict?.data).toEqual((example.answer("predict") as Answer).data);
  });

  it("rejects a category that XGBoost did not see, with the row", async () => {
    await using predictor = await load(modelFile("category-texts.ubj"), "xgboost");
    const few = tensor("string", [2], ["red", "pink"]);
    await expect(predictor.predict({ few }, { signature: "columns" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "CATEGORY_UNKNOWN",
      message: expect.stringMatching(/input "few" of row 1 must be .*"red", "green".*; got "pink"/),
    });
  });

  it("rejects columns of different lengths, and no columns", async () => {
    await using predictor = await load(modelFile("categories.ubj"), "xgboost");
    const options = { signature: "columns" };
    const n0 = tensor("float32", [2], [1, 2]);
    const n1 = tensor("float32", [3], [1, 2, 3]);
    await expect(predictor.predict({ n0, n1 }, options)).rejects.toThrow(
      'tensor "n1" must have 2 rows, as "n0" has; got 3',
    );
    await expect(predictor.predict({}, options)).rejects.toMatchObject({ reason: "INPUT_MISSING" });
  });

  it("has LightGBM's texts of categories, and accepts one that is unknown as missing", async () => {
    const example = exampleNamed("lgb-category-texts");
    await using predictor = await load(modelFile("lgb-category-texts.txt"), "lightgbm");
    const inputs = columnsOf(example, ["size", "color"], "color");
    const { predict } = await predictor.predict(inputs, { signature: "columns" });
    expect(predict?.data).toEqual((example.answer("predict") as Answer).data);
    const { size } = inputs as { size: Tensor };
    const rows = size.shape[0] as number;
    const pink = tensor("string", [rows], new Array<string>(rows).fill("pink"));
    const unknown = await predictor.predict({ size, color: pink }, { signature: "columns" });
    expect(unknown).toEqual(await predictor.predict({ size }, { signature: "columns" }));
  });
});

it("a classifier's parameters may have NaN, as Python writes them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "serving-kit-trees-"));
  try {
    const file = JSON.parse(readFileSync(modelFile("binary.json"), "utf8"));
    const parameters = '{"missing": NaN, "max_depth": 3, "_estimator_type": "classifier"}';
    file.learner.attributes = { scikit_learn: parameters };
    writeFileSync(join(folder, "model.json"), JSON.stringify(file));
    await using predictor = await load(folder, "xgboost");
    expect([...predictor.signatures.keys()]).toContain("predict_proba");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("options", () => {
  it("inputName and outputName are the names of Triton's FIL", async () => {
    const options = { inputName: "input__0", outputName: "output__0" };
    await using predictor = await load(modelFile("binary.ubj"), "xgboost", options);
    const input__0 = tensor("float32", [1, 5], [1, 2, 3, 4, 5]);
    const outputs = await predictor.predict({ input__0 });
    expect(Object.keys(outputs)).toEqual(["output__0"]);
  });

  it.each<[object, RegExp]>([
    [{ missing: "x" }, /option missing of trees must be a number; got "x"/],
    [
      { inputName: "" },
      /option inputName of trees must be a string of 1 to 256 characters; got ""/,
    ],
    [{ kernel: "gpu" }, /option kernel of trees must be auto or javascript; got "gpu"/],
    [{ rounds: 3 }, /option rounds of trees is unknown; expected one of allRounds, missing/],
  ])("%j is refused", async (options, message) => {
    await expect(load(modelFile("binary.ubj"), "xgboost", options)).rejects.toThrow(message);
  });
});
