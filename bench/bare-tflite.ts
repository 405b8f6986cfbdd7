import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  AspiredVersionsManager,
  aspire,
  type Loader,
  servableId,
  sourceFrom,
} from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { viewMemory } from "@serving-kit/native-library";
import { type TfliteOptions, tflite } from "@serving-kit/servable-tflite";
import { openTflite } from "../packages/servable-tflite/src/native/library.js";
import { createXnnpack } from "../packages/servable-tflite/src/native/xnnpack.js";

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The models of the benchmarks. */
export const DIGITS = pathOf("../examples/models/digits/1/model.tflite");
export const CONV = pathOf("./models/conv.tflite");

/** One interpreter of the C API with nothing around it: what every figure is held against. */
export interface BareInterpreter {
  readonly input: Float32Array;
  readonly output: Float32Array;
  /** Runs on this thread. */
  invoke(): number;
  /** Runs on libuv's pool. */
  invokeAsync(done: () => void): void;
}

/** Makes a bare interpreter with XNNPACK and one thread, for inputs of a shape. It is never freed. */
export async function bareInterpreter(
  path: string,
  shape: readonly number[],
): Promise<BareInterpreter> {
  const tflite = await openTflite();
  const { bindings: b } = tflite;
  const bytes = readFileSync(path);
  kept.push(bytes);
  const options = b.optionsCreate();
  b.setNumThreads(options, 1);
  const interpreter = b.interpreterCreate(b.modelCreate(bytes, bytes.length), options);
  b.modifyGraph(interpreter, createXnnpack(tflite, 1));
  b.resizeInput(interpreter, 0, Int32Array.from(shape), shape.length);
  b.allocateTensors(interpreter);
  const memory = (tensor: bigint) =>
    new Float32Array(viewMemory(b.tensorData(tensor), Number(b.tensorBytes(tensor))));
  return {
    input: memory(b.input(interpreter, 0)),
    output: memory(b.output(interpreter, 0)),
    invoke: () => b.invoke(interpreter),
    invokeAsync: (done) => b.invoke.async(interpreter, done),
  };
}

const kept: unknown[] = [];

/** A manager with one version of a .tflite model, available as `model`. */
export async function managerWith(
  path: string,
  options: TfliteOptions,
): Promise<AspiredVersionsManager<Predictor>> {
  const id = servableId("model", 1);
  const manager = new AspiredVersionsManager<Predictor>();
  const loader: Loader<Predictor> = tflite(options).loader({ path }, id);
  manager.connect(
    sourceFrom(async function* () {
      yield { name: "model", versions: [aspire(id, loader)] };
    }),
  );
  await manager.available({ name: "model" });
  return manager;
}
