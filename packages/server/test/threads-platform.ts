import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import {
  definePlatform,
  type Predictor,
  type SharedPredictor,
  type Signature,
  type TensorSpec,
  tensor,
} from "@serving-kit/inference";

/** The content of a version's `model.json`. */
export interface ThreadedModel {
  /** The summand of `y = x + b`. */
  readonly b?: number;
  /** True if it can be shared. Default true. */
  readonly isShared?: boolean;
  /** Attaching waits in all threads but the first until the test opens the gate. */
  readonly isGated?: boolean;
  /** Attaching fails in all threads but the first with this message. */
  readonly attachFailure?: string;
  /** Detaching fails until the test opens the gate. */
  readonly isStuck?: boolean;
  /** Predicting waits until the test opens the gate. */
  readonly isSlow?: boolean;
}

/** Cells of the memory that all threads share: what has become of a version. */
export const CELLS = { arrived: 0, attached: 1, gate: 2, running: 3, aborted: 4, disposed: 5 };

interface Token extends SharedPredictor {
  readonly model: ThreadedModel;
  readonly memory: SharedArrayBuffer;
  /** 1 while it is attached and not disposed. */
  readonly attached: Int32Array;
}

/** The shared memory of the versions that this thread has loaded, the latest last. */
export const loaded: Int32Array[] = [];

type WaitAsync = (array: Int32Array, index: number, value: number) => { value: unknown };
const { waitAsync } = Atomics as unknown as { waitAsync: WaitAsync };

const x: TensorSpec = { dtype: "float32", shape: [-1] };
const int: TensorSpec = { dtype: "int32", shape: [-1] };
const text: TensorSpec = { dtype: "string", shape: [-1] };
const outputs = new Map([
  ["y", x],
  ["thread", int],
]);
const signatures = new Map<string, Signature>([
  ["serving_default", { inputs: new Map([["x", x]]), outputs }],
  ["text", { inputs: new Map([["s", text]]), outputs: new Map([["s", text]]) }],
  ["crash", { inputs: new Map([["x", x]]), outputs }],
  ["never", { inputs: new Map([["x", x]]), outputs }],
  ["throws", { inputs: new Map([["x", x]]), outputs }],
]);

const isOpen = (cells: Int32Array) => waitAsync(cells, CELLS.gate, 0).value;

function predictorOf(
  model: ThreadedModel,
  memory: SharedArrayBuffer,
  attached?: Int32Array,
): Predictor {
  const cells = new Int32Array(memory);
  const { b = 0, isShared = true, isSlow = false } = model;
  const share = (): Token => {
    const attached = new Int32Array(new SharedArrayBuffer(4));
    return { platform: "threaded", model, memory, attached };
  };
  const detach = (attached: Int32Array) => {
    Atomics.sub(cells, CELLS.attached, Atomics.exchange(attached, 0, 0));
  };
  return {
    signatures,
    batchable: true,
    async predict(inputs, { signature, signal } = {}) {
      if (signature === "text") return { s: inputs.s as never };
      if (signature === "throws") throw new Error("nobody foresaw this");
      if (signature === "crash") {
        setImmediate(() => {
          throw new Error("nobody catches this");
        });
        return new Promise(() => {});
      }
      Atomics.add(cells, CELLS.running, 1);
      if (signature === "never") return new Promise(() => {}); // whatever its signal says
      if (isSlow) {
        const aborted = new Promise((_, reject) => {
          signal?.addEventListener("abort", () => {
            Atomics.add(cells, CELLS.aborted, 1);
            reject(signal.reason);
          });
        });
        await Promise.race([isOpen(cells), aborted]);
      }
      const data = inputs.x?.data as Float32Array;
      return {
        y: tensor(
          "float32",
          [data.length],
          data.map((value) => value + b),
        ),
        thread: tensor("int32", [data.length], new Int32Array(data.length).fill(threadId)),
      };
    },
    ...(isShared && { share, unshare: (shared) => detach((shared as Token).attached) }),
    async [Symbol.asyncDispose]() {
      const isStuck = model.isStuck && Atomics.load(cells, CELLS.gate) === 0;
      if (attached && isStuck) throw new Error("it is stuck");
      if (attached) return detach(attached);
      // The owner goes last.
      if (Atomics.load(cells, CELLS.attached) !== 0) throw new Error("still attached");
      Atomics.add(cells, CELLS.disposed, 1);
    },
  };
}

/** A platform whose models are one small JSON file, `y = x + b`, and whose answers name their thread. */
export const threadedPlatform = definePlatform({
  name: "threaded",
  accepts: (path) =>
    access(join(path, "model.json")).then(
      () => true,
      () => false,
    ),
  async load({ path }) {
    const model = JSON.parse(await readFile(join(path, "model.json"), "utf8")) as ThreadedModel;
    const memory = new SharedArrayBuffer(4 * Object.keys(CELLS).length);
    loaded.push(new Int32Array(memory));
    return predictorOf(model, memory);
  },
  async attach(shared) {
    const { model, memory, attached } = shared as Token;
    const cells = new Int32Array(memory);
    const isFirst = Atomics.add(cells, CELLS.arrived, 1) === 0;
    if (!isFirst && model.isGated) await isOpen(cells);
    if (!isFirst && model.attachFailure) throw new Error(model.attachFailure);
    Atomics.add(cells, CELLS.attached, 1);
    Atomics.store(attached, 0, 1);
    return predictorOf(model, memory, attached);
  },
});

/** For the loops. */
export const platforms = [threadedPlatform()];
