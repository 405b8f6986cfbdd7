import { fileURLToPath } from "node:url";
import { servableId } from "@serving-kit/core";
import type { Tensor, Tensors } from "@serving-kit/inference";
import {
  type SavedModelPredictor,
  type TensorFlowOptions,
  tensorflow,
} from "@serving-kit/servable-tensorflow";
import { callerThreadOptions } from "../packages/servable-tensorflow/src/native/caller-thread.js";
import { openTensorFlow } from "../packages/servable-tensorflow/src/native/library.js";
import {
  type GraphTensor,
  SavedModelSession,
} from "../packages/servable-tensorflow/src/native/saved-model-session.js";
import { TensorMemory } from "../packages/servable-tensorflow/src/native/tensor-memory.js";
import {
  readSavedModel,
  selectMetaGraph,
} from "../packages/servable-tensorflow/src/saved-model.js";

/** The digits SavedModel. */
export const digitsPath = fileURLToPath(
  new URL("../examples/models/digits/savedmodel/1", import.meta.url),
);

/** Loads a version as a manager would. */
export function loadPredictor(
  path: string,
  options: TensorFlowOptions = {},
): Promise<SavedModelPredictor> {
  const id = servableId("bench", 1);
  const { signal } = new AbortController();
  const loading = tensorflow(options).loader({ path }, id).load({ id, signal });
  return loading as Promise<SavedModelPredictor>;
}

/** `TF_SessionRun` with tensors prepared once: the minimum cost of a call. */
export interface RawSession {
  /** Runs and deletes the output, on this thread. */
  run(): void;
  runOnThread(): Promise<void>;
}

/**
 * Prepares raw runs of a signature, which has one input: the first output is fetched. `usesOneThread`: as the kit
 * decides for a small model, which is faster then.
 */
export async function openRaw(
  path: string,
  inputs: Tensors,
  {
    signature = "serving_default",
    usesOneThread = false,
  }: { readonly signature?: string | undefined; readonly usesOneThread?: boolean } = {},
): Promise<RawSession> {
  const tensorflow = await openTensorFlow();
  const { bindings } = tensorflow;
  const graph = selectMetaGraph(path, await readSavedModel(path), ["serve"]);
  const config = new Uint8Array(0);
  const source = { path, graph, config, usesOneThread };
  const session = await SavedModelSession.load(tensorflow, source);
  const { inputs: fed = [], outputs: fetched = [] } = session.tensors.get(signature) ?? {};
  const { pointer } = new TensorMemory(bindings).write(inputs[fed[0]?.name ?? ""] as Tensor);
  const [input, output] = [encode(fed[0] as GraphTensor), encode(fetched[0] as GraphTensor)];
  const feeds = BigUint64Array.of(pointer);
  const options = callerThreadOptions(bindings);
  const prepare = () => {
    const results = new BigUint64Array(1);
    const status: bigint = bindings.newStatus();
    const address = session.pointer;
    const args = [address, options, input, feeds, 1, output, results, 1, null, 0, null, status];
    const end = () => {
      if (bindings.code(status) !== 0) throw new Error(bindings.message(status));
      bindings.deleteTensor(results[0]);
    };
    return { args, end };
  };
  const idle = [prepare()];
  return {
    run() {
      const { args, end } = idle[0] as ReturnType<typeof prepare>;
      bindings.run(...args);
      end();
    },
    runOnThread() {
      const run = idle.pop() ?? prepare();
      return new Promise((resolve, reject) => {
        bindings.run.async(...run.args, (error: unknown) => {
          if (error) return reject(error);
          run.end();
          idle.push(run);
          resolve();
        });
      });
    },
  };
}

function encode({ operation, index }: GraphTensor): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(operation);
  bytes.writeInt32LE(index, 8);
  return bytes;
}
