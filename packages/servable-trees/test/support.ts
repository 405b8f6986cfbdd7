import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { servableId } from "@serving-kit/core";
import type { Platform, Predictor, Tensor, Tensors } from "@serving-kit/inference";
import { lightgbm, type TreeOptions, xgboost } from "../src/index.js";

/** The models of this folder, or of SERVING_KIT_TREE_MODELS, which scripts/test-trees.ts makes. */
export const modelsFolder =
  process.env.SERVING_KIT_TREE_MODELS ?? fileURLToPath(new URL("./models", import.meta.url));

/** An array of an expected.json. */
interface Packed {
  readonly dtype: "float32" | "float64" | "int64";
  readonly shape: readonly number[];
  readonly data: string;
}

const ARRAYS = { float32: Float32Array, float64: Float64Array, int64: BigInt64Array };

type Elements = Float32Array | Float64Array | BigInt64Array;

/** The elements and shape of what a library answered. */
export interface Answer {
  readonly data: Elements;
  readonly shape: readonly number[];
}

/** A model and the answers of its library to some rows. */
export interface Example {
  readonly name: string;
  /** The files of the model, in each format. */
  readonly files: readonly string[];
  readonly library: "xgboost" | "lightgbm";
  readonly best?: number;
  readonly words?: readonly (string | null)[];
  answer(name: string): Answer | undefined;
}

function readExample(name: string): Example {
  const file = join(modelsFolder, `${name}.expected.json`);
  const expected = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  const library = String(expected.library).split(" ")[0] as Example["library"];
  return {
    ...{ name, library },
    files: ["ubj", "json", "txt"]
      .map((extension) => join(modelsFolder, `${name}.${extension}`))
      .filter((path) => existsSync(path)),
    ...(expected.best !== undefined && { best: expected.best as number }),
    ...(expected.words !== undefined && { words: expected.words as string[] }),
    answer(key) {
      const packed = expected[key] as Packed | undefined;
      if (packed === undefined) return undefined;
      const bytes = Buffer.from(packed.data, "base64");
      const copy = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
      return { data: new ARRAYS[packed.dtype](copy as ArrayBuffer), shape: packed.shape };
    },
  };
}

const suffix = ".expected.json";

export const examples: readonly Example[] = readdirSync(modelsFolder)
  .filter((name) => name.endsWith(suffix))
  .map((name) => readExample(name.slice(0, -suffix.length)));

export function exampleNamed(name: string): Example {
  const example = examples.find((one) => one.name === name);
  if (example === undefined) throw new RangeError(`there is no model ${name}`);
  return example;
}

/** A file of a model in this folder. */
export const modelFile = (name: string) =>
  fileURLToPath(new URL(`./models/${name}`, import.meta.url));

export const id = servableId("trees", 1);

export const platformOf = (library: Example["library"], options?: TreeOptions): Platform =>
  library === "xgboost" ? xgboost(options) : lightgbm(options);

export async function load(
  path: string,
  library: Example["library"],
  options?: TreeOptions,
): Promise<Predictor & AsyncDisposable> {
  const { signal } = new AbortController();
  const loader = platformOf(library, options).loader({ path }, id);
  return (await loader.load({ id, signal })) as Predictor & AsyncDisposable;
}

/** All rows of an example as its input. */
export function rowsOf(example: Example, first = 0, count?: number): Tensors {
  const { data, shape } = example.answer("rows") as Answer;
  const [rows = 0, features = 0] = shape;
  const end = first + (count ?? rows - first);
  const values = Float32Array.from(data as Float64Array).subarray(first * features, end * features);
  return { input: { dtype: "float32", shape: [end - first, features], data: values } };
}

/** Some rows of an answer as the output of a call. */
export function answerRows(answer: Answer, first: number, count: number): Tensor {
  const size = answer.data.length / (answer.shape[0] as number);
  const data = answer.data.slice(first * size, (first + count) * size);
  const dtype = data instanceof Float32Array ? "float32" : "float64";
  return { dtype, shape: [count, ...answer.shape.slice(1)], data } as Tensor;
}
