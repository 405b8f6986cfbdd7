import { stringsOf } from "@serving-kit/inference";
import type { ModelSpec } from "@serving-kit/tensorflow-wire";
import type { Classifications } from "../calls/classify.js";
import type { Regressions } from "../calls/regress.js";
import { effectiveSignature } from "./model-spec.js";

/** Returns the ModelSpec of a response: the version that ran, and the signature name. */
export function specOf({ id }: Pick<Regressions, "id">, spec: ModelSpec): object {
  return {
    name: id.name,
    version: { value: String(id.version) },
    signature_name: effectiveSignature(spec),
  };
}

/** Returns a ClassificationResult: the classes of each example. */
export function classificationResult({ classes, scores, shape }: Classifications): object {
  const [examples, width] = shape;
  const labels = classes && stringsOf(classes);
  return {
    classifications: Array.from({ length: examples }, (_, row) => ({
      classes: Array.from({ length: width }, (_, column) => ({
        label: labels?.[row * width + column] ?? "",
        score: scores?.data[row * width + column] ?? 0,
      })),
    })),
  };
}

/** Returns a RegressionResult: the value of each example. */
export function regressionResult({ values }: Regressions): object {
  return { regressions: Array.from(values, (value) => ({ value })) };
}
