import { batchDimension } from "@serving-kit/inference";
import { errors } from "./errors.js";
import { withExamples } from "./examples/example-inputs.js";
import { exampleOperators } from "./examples/example-operators.js";
import { removeOperators } from "./examples/remove-operators.js";
import type { Graph, Subgraph } from "./graph/graph.js";
import { readGraph } from "./graph/read-graph.js";
import type { ModelFile, OpenExtents } from "./model-description.js";
import { type Binding, type ModelSignature, signaturesOf } from "./model-signature.js";
import { stateOf } from "./model-state.js";
import { outlineOf } from "./native/empty-tensors.js";
import { hasOpenRunTime } from "./run-time.js";

/** Describes the model of a graph with its signatures. */
function describeModel(
  { subgraphs, signatureDefs }: Graph,
  signatures: ModelFile["signatures"],
): ModelFile {
  return {
    signatures,
    hasOpenRunTime: hasOpenRunTime({ subgraphs }),
    state: stateOf({ subgraphs, signatureDefs }),
    outlines: new Map(
      subgraphs.flatMap((subgraph) => {
        const outline = outlineOf(subgraph);
        return outline === undefined ? [] : [[subgraph.index, outline] as const];
      }),
    ),
    extents: extentsOf([...signatures.values()].filter(({ subgraph }) => subgraph === 0)),
  };
}

const extentsOf = (primary: readonly ModelSignature[]): OpenExtents =>
  primary.length === 0 ? "unknown" : openExtents(primary.flatMap(({ inputs }) => inputs));

/** Returns which extents of inputs are open. An unknown shape is open. */
export function openExtents(inputs: readonly Pick<Binding, "spec">[]): OpenExtents {
  const isUnknown = ({ spec: { shape } }: Pick<Binding, "spec">) =>
    shape === null || shape.slice(1).includes(-1);
  if (inputs.some(isUnknown)) return "unknown";
  return inputs.some(({ spec }) => batchDimension(spec) === "open") ? "batch" : "known";
}

/** A .tflite file after parsing. */
export interface ParsedModelFile {
  /** The graph of `bytes`, which is the one to run. */
  readonly graph: Graph;
  readonly file: ModelFile;
  /** The file, or a copy without operators that parse `tf.Example` messages. */
  readonly bytes: Uint8Array;
}

/** Reads and describes a .tflite file. @throws as `readGraph` and `signaturesOf` do. */
export function readModelFile(bytes: Uint8Array): ParsedModelFile {
  const graph = readGraph(bytes);
  const signatures = signaturesOf(graph);
  const operators = exampleOperators(graph);
  if (operators.length === 0) return { graph, file: describeModel(graph, signatures), bytes };
  const runnableBytes = removeOperators(bytes, operators);
  const runnable = readGraph(runnableBytes);
  const [primary] = graph.subgraphs as [Subgraph];
  const [runnablePrimary] = runnable.subgraphs as [Subgraph];
  const parsing = [...signatures].map(
    ([name, signature]) =>
      [name, withExamples(signature, operators, primary, runnablePrimary)] as const,
  );
  return {
    graph: runnable,
    file: describeModel(runnable, new Map(parsing)),
    bytes: runnableBytes,
  };
}

/**
 * Same as `readModelFile`, for a file with a path.
 *
 * @throws ServingError DATA_LOSS / MODEL_FILE_INVALID with the path and what is wrong in the bytes; UNIMPLEMENTED /
 * MODEL_UNSUPPORTED.
 */
export function parseModelFile(path: string, bytes: Uint8Array): ParsedModelFile {
  return readingFile(path, () => readModelFile(bytes));
}

/**
 * Calls `read`, which parses a part of the file on demand, such as operator options, and returns its result.
 *
 * @throws ServingError DATA_LOSS / MODEL_FILE_INVALID for a RangeError of `read`. Other errors are not caused by the
 * file, and are rethrown unchanged.
 */
export function readingFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof RangeError ? errors.modelFileInvalid(path, error) : error;
  }
}

/**
 * Returns whether dimension 0 of every input and output of the signatures can have any extent. False for a model with
 * resource variables, because the rows of a batch would share them.
 */
export function isBatchable({ signatures, state }: ModelFile): boolean {
  if (state === "resources") return false;
  const callable = [...signatures.values()].filter(({ subgraph }) => subgraph === 0);
  const bindings = callable.flatMap(({ inputs, callInputs = inputs, outputs }) => [
    ...callInputs,
    ...outputs,
  ]);
  return (
    callable.every(({ inputs }) => inputs.length > 0) &&
    bindings.every(({ spec }) => batchDimension(spec) === "open")
  );
}

/** Returns whether dimension 0 of every input and output of the signatures is 1, and the model has no state. */
export function hasFixedBatch({ signatures, state }: ModelFile): boolean {
  const bindings = [...signatures.values()].flatMap(({ inputs, outputs }) => [
    ...inputs,
    ...outputs,
  ]);
  return (
    state === "none" &&
    [...signatures.values()].every(({ inputs }) => inputs.length > 0) &&
    bindings.every(({ spec }) => spec.shape?.[0] === 1)
  );
}
