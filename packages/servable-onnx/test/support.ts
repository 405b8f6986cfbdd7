import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Clock, type Logger, servableId, silentLogger } from "@serving-kit/core";
import type { Predictor, Tensor, Tensors } from "@serving-kit/inference";
import { NUMERIC_DTYPES, type NumericDType, TensorRecord } from "@serving-kit/inference";
import { libraryReport, type OnnxOptions, onnx } from "../src/index.js";

export const modelsFolder =
  process.env.SERVING_KIT_ONNX_MODELS ?? fileURLToPath(new URL("./models", import.meta.url));

/** The path of a model in this folder. */
export const modelFile = (name: string) => join(modelsFolder, `${name}.onnx`);

const report = await libraryReport();

/** True if a library opens; without one the tests that need it are skipped. */
export const hasLibrary = report.opened !== undefined;

/** Why they are skipped, for titles. */
export const skipped = hasLibrary ? "" : ` [skipped: ${report.problem?.split("\n")[0]}]`;

export const id = servableId("onnx", 1);

/** The context of a load, in addition to the path. */
export interface LoadSettings {
  readonly options?: OnnxOptions;
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

export type Loaded = Predictor & AsyncDisposable;

export async function load(
  path: string,
  { options, signal = new AbortController().signal, ...context }: LoadSettings = {},
): Promise<Loaded> {
  const loader = onnx(options).loader({ path }, id);
  return (await loader.load({ id, signal, ...context })) as Loaded;
}

export const loadNamed = (name: string, settings?: LoadSettings) => load(modelFile(name), settings);

/** A logger and the lines that it got. */
export function recordingLogger() {
  const lines: string[] = [];
  const note = (_: object, line: string) => void lines.push(line);
  return { lines, logger: { ...silentLogger, info: note, warn: note } as Logger };
}

interface Packed {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: string | readonly string[];
}

/** A call and the answers of ONNX Runtime to it, through its Python package. */
export interface ExpectedCall {
  readonly inputs: Tensors;
  readonly outputs: Tensors;
}

/** The calls of a model with the answers that make-models.py wrote. */
export function expectedCalls(name: string): readonly ExpectedCall[] {
  const text = readFileSync(join(modelsFolder, `${name}.expected.json`), "utf8");
  const calls = JSON.parse(text) as { inputs: object; outputs: object }[];
  return calls.map(({ inputs, outputs }) => ({ inputs: unpack(inputs), outputs: unpack(outputs) }));
}

/** The models that have such calls. */
export const namesWithCalls = readdirSync(modelsFolder)
  .filter((file) => file.endsWith(".onnx"))
  .map((file) => file.slice(0, -".onnx".length))
  .filter((name) => existsSync(join(modelsFolder, `${name}.expected.json`)));

function unpack(tensors: object): Tensors {
  const unpacked = new TensorRecord();
  for (const [name, packed] of Object.entries(tensors as Record<string, Packed>)) {
    unpacked[name] = tensorOf(packed);
  }
  return unpacked;
}

function tensorOf({ dtype, shape, data }: Packed): Tensor {
  if (typeof data !== "string") {
    const texts = data.map((text) => new Uint8Array(Buffer.from(text, "base64")));
    return { dtype: "string", shape, data: texts };
  }
  const bytes = new Uint8Array(Buffer.from(data, "base64"));
  const { array } = NUMERIC_DTYPES[dtype as NumericDType];
  return { dtype, shape, data: new array(bytes.buffer) } as Tensor;
}
