import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { servableId } from "@serving-kit/core";
import { type Predictor, type Tensor, tensor } from "@serving-kit/inference";
import { nativeCounts, type TfliteOptions, tflite } from "../src/index.js";

/** The digits models, float and quantized, and what Python answers on real images. */
export const digits = (version: string) =>
  fileURLToPath(new URL(`../../../examples/models/digits/${version}`, import.meta.url));

export interface DigitSample {
  readonly label: number;
  readonly image: readonly number[];
  readonly imageInt8: readonly number[];
  readonly probabilities: readonly number[];
  readonly probabilitiesV2: readonly number[];
  readonly probabilitiesInt8: readonly number[];
}

export const samples = JSON.parse(readFileSync(digits("samples.json"), "utf8")) as DigitSample[];

/** A model of test/models. */
export const testModel = (name: string) =>
  fileURLToPath(new URL(`./models/${name}.tflite`, import.meta.url));

/** A file of test/real-models, such as `small/where`. */
export const realModel = (name: string) =>
  fileURLToPath(new URL(`./real-models/${name}.tflite`, import.meta.url));

const id = servableId("test", 1);

export const loaderOf = (path: string, options?: TfliteOptions) =>
  tflite(options).loader({ path }, id);

export const load = async (path: string, options?: TfliteOptions) => {
  const { signal } = new AbortController();
  return (await loaderOf(path, options).load({ id, signal })) as Predictor & AsyncDisposable;
};

/** All native objects that are alive. */
export const allocated = () => Object.values(nativeCounts()).reduce((sum, count) => sum + count, 0);

/** One image or more as the input of a digits model. */
export const images = (...rows: readonly (readonly number[])[]): { image: Tensor<"float32"> } => ({
  image: tensor("float32", [rows.length, 64], rows.flat()),
});

export const floats = (...values: number[]) => tensor("float32", [values.length], values);
