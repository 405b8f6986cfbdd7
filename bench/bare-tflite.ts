import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  AspiredVersionsManager,
  aspire,
  type Loader,
  servableId,
  sourceFrom,
} from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  type NumericDType,
  type Predictor,
  type Tensor,
  type Tensors,
} from "@serving-kit/inference";
import { callOnThread, viewMemory } from "@serving-kit/native-library";
import { type TfliteOptions, tflite } from "@serving-kit/servable-tflite";
import { parseModelFile } from "../packages/servable-tflite/src/model-file.js";
import { type Bindings, OK } from "../packages/servable-tflite/src/native/bindings.js";
import { openTflite } from "../packages/servable-tflite/src/native/library.js";
import { createXnnpack } from "../packages/servable-tflite/src/native/xnnpack.js";

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The models of the benchmarks. */
export const DIGITS = pathOf("../examples/models/digits/1/model.tflite");
export const CONV = pathOf("./models/conv.tflite");

/** One interpreter of the C API without a wrapper: the baseline of every figure. */
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
  const { bindings: b, interpreter } = await openBare(path, new Map([[0, shape]]));
  const memory = (tensor: bigint) => new Float32Array(bytesOf(b, tensor).buffer as ArrayBuffer);
  return {
    input: memory(b.input(interpreter, 0)),
    output: memory(b.output(interpreter, 0)),
    invoke: () => b.invoke(interpreter),
    invokeAsync: (done) => b.invoke.async(interpreter, done),
  };
}

/** A call of a bare interpreter: copies the inputs in, runs, and copies the outputs out. */
export interface BareModel {
  /** Runs on this thread. */
  call(): void;
  /** Runs on libuv's pool. */
  callOnPool(): Promise<void>;
}

/** A bare interpreter of the signature `serving_default`. It is never freed. */
export async function bareModel(path: string, inputs: Tensors): Promise<BareModel> {
  const { file } = parseModelFile(path, readFileSync(path));
  const signature = file.signatures.get(DEFAULT_SIGNATURE);
  if (signature?.subgraph !== 0) throw new Error(`${path} has no serving_default on subgraph 0`);
  const bound = signature.inputs.map(({ name, index }) => {
    const { shape, data } = inputs[name] as Tensor<NumericDType>;
    return { index, shape, source: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
  });
  const shapes = new Map(bound.map(({ index, shape }) => [index, shape]));
  const { bindings: b, interpreter } = await openBare(path, shapes);
  const locate = () => [
    ...bound.map(({ index }) => b.input(interpreter, index)),
    ...signature.outputs.map(({ index }) => b.output(interpreter, index)),
  ];
  const write = (views: readonly Uint8Array[]) => {
    for (const [i, { source }] of bound.entries()) views[i]?.set(source);
  };
  const check = (status: number) => {
    if (status !== OK) throw new Error(`${path} does not run`);
  };
  const run = (views: readonly Uint8Array[]) => {
    write(views);
    check(b.invoke(interpreter));
  };
  // The first run gives dynamic tensors memory, and can move that of others.
  run(bound.map(({ index }) => bytesOf(b, b.input(interpreter, index))));
  const views = locate().map((tensor) => bytesOf(b, tensor));
  const results = views.slice(bound.length);
  const addresses = () => locate().map((tensor) => b.tensorData(tensor));
  const before = addresses().join();
  run(views);
  if (addresses().join() !== before) throw new Error(`${path} moves its tensors in each run`);
  const read = () => {
    for (const result of results) result.slice();
  };
  return {
    call() {
      run(views);
      read();
    },
    async callOnPool() {
      write(views);
      check(await callOnThread<number>(b.invoke, interpreter));
      read();
    },
  };
}

/** An interpreter with XNNPACK and one thread, whose inputs have these shapes by their index. */
async function openBare(path: string, shapes: ReadonlyMap<number, readonly number[]>) {
  const tflite = await openTflite();
  const { bindings: b } = tflite;
  const bytes = readFileSync(path);
  kept.push(bytes);
  const options = b.optionsCreate();
  b.setNumThreads(options, 1);
  const interpreter: bigint = b.interpreterCreate(b.modelCreate(bytes, bytes.length), options);
  for (const [index, shape] of shapes) {
    b.resizeInput(interpreter, index, Int32Array.from(shape), shape.length);
  }
  // XNNPACK takes the operators for the shapes that are known by then.
  b.modifyGraph(interpreter, createXnnpack(tflite, 1));
  if (b.allocateTensors(interpreter) !== OK) throw new Error(`${path} cannot have these shapes`);
  return { bindings: b, interpreter };
}

/** The memory of a tensor, as long as the interpreter does not move it. */
const bytesOf = (b: Bindings, tensor: bigint) =>
  new Uint8Array(viewMemory(b.tensorData(tensor), Number(b.tensorBytes(tensor))));

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
