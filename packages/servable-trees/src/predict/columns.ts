import {
  inferenceErrors,
  type Tensor,
  type TensorSpec,
  type Tensors,
} from "@serving-kit/inference";
import { errors } from "../errors.js";
import type { Floats } from "../kernel/runner.js";
import type { Categories, TreeModel } from "../tree-model.js";
import { ColumnRows } from "./row-source.js";

/** Returns the inputs of the signature `columns`: one for each feature, all optional. */
export function columnSpecs(model: TreeModel): ReadonlyMap<string, TensorSpec> | undefined {
  const { featureNames, library } = model;
  if (featureNames === undefined || new Set(featureNames).size !== featureNames.length) {
    return undefined;
  }
  const dtype = library === "xgboost" ? "float32" : "float64";
  const spec = (feature: number): TensorSpec =>
    hasTexts(model.categories?.[feature])
      ? { dtype: "string", shape: [-1], isOptional: true, missing: "" }
      : { dtype, shape: [-1], isOptional: true, missing: Number.NaN };
  return new Map(featureNames.map((name, feature) => [name, spec(feature)]));
}

const hasTexts = (categories: Categories | undefined): categories is readonly string[] =>
  typeof categories?.[0] === "string";

/** Reads the columns of a call. */
export function columnReader(model: TreeModel, missing: number): (inputs: Tensors) => ColumnRows {
  const { featureNames = [], categories, library } = model;
  const codes = new Map<number, ReadonlyMap<string | number, number>>();
  for (const [feature, own] of categories?.entries() ?? []) {
    if (own)
      codes.set(
        feature,
        new Map(
          Array.from<string | number, [string | number, number]>(own, (one, code) => [one, code]),
        ),
      );
  }
  // XGBoost refuses a category that it has not seen; LightGBM treats it as missing.
  const refusesUnknown = library === "xgboost";
  const indices = new Map(featureNames.map((name, feature) => [name, feature]));
  const read = (name: string, feature: number, tensor: Tensor): Floats => {
    const known = codes.get(feature);
    if (known === undefined && Number.isNaN(missing)) return tensor.data as Floats;
    const values = valuesOf(tensor);
    const column = new Float64Array(values.length);
    for (let row = 0; row < column.length; row++) {
      const value = values[row] as string | number;
      const isMissing = value === "" || value === missing || Number.isNaN(value);
      const code = isMissing
        ? Number.NaN
        : known === undefined
          ? value
          : (known.get(value) ?? known.get(asXgboostCuts(value)));
      if (code === undefined && refusesUnknown) {
        const some = [...(known?.keys() ?? [])].slice(0, 4).map(String);
        throw errors.categoryUnknown(name, row, String(value).slice(0, 80), some);
      }
      column[row] = code === undefined ? Number.NaN : (code as number);
    }
    return column;
  };
  return (inputs) => {
    const columns = new Array<Floats | undefined>(featureNames.length).fill(undefined);
    let rows = -1;
    let first = "";
    for (const name of Object.keys(inputs)) {
      const feature = indices.get(name) as number;
      const tensor = inputs[name] as Tensor;
      const length = tensor.shape[0] as number;
      if (rows !== -1 && rows !== length) {
        throw inferenceErrors.rowsDiffer(name, length, first, rows);
      }
      if (rows === -1) first = name;
      rows = length;
      columns[feature] = read(name, feature, tensor);
    }
    if (rows === -1) throw errors.rowsUnknown();
    return new ColumnRows(columns, rows);
  };
}

/**
 * XGBoost 3.1 and 3.2 keep only as many UTF-8 bytes of a category as it has characters: "wei\u00df" loses its last byte
 * in the file.
 */
function asXgboostCuts(value: string | number): string | number {
  if (typeof value === "number") return value;
  return Buffer.from(value, "utf8").subarray(0, Array.from(value).length).toString("utf8");
}

function valuesOf(tensor: Tensor): ArrayLike<string | number> {
  if (tensor.dtype !== "string") return tensor.data as Floats;
  return (tensor as Tensor<"string">).data.map((bytes) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"),
  );
}
