import { isServingError } from "@serving-kit/core";
import { DEFAULT_SIGNATURE, type Signature, type TensorSpec } from "@serving-kit/inference";
import { errors } from "./errors.js";
import type { Graph, NamedTensor, SignatureDef, Subgraph } from "./graph/graph.js";
import { readGraph, referredTo } from "./graph/read-graph.js";
import { type ModelState, stateOf } from "./model-state.js";
import { outlineOf, type SubgraphOutline } from "./native/empty-tensors.js";
import { hasPerChannelDense } from "./per-channel-dense.js";
import { specOf } from "./tensor-spec.js";

/** One input or output of a signature. */
export interface Binding {
  readonly name: string;
  /** Its place among the inputs or outputs of the subgraph, which is how the C API counts. */
  readonly index: number;
  readonly spec: TensorSpec;
}

/** A signature and how it is run. */
export interface ModelSignature {
  /** Its name in the file, which can be empty. */
  readonly key: string;
  readonly subgraph: number;
  readonly inputs: readonly Binding[];
  readonly outputs: readonly Binding[];
}

/** Which extents of inputs a file leaves open: none, only dimension 0 (the batch), or others as well. */
export type OpenExtents = "known" | "batch" | "unknown";

/** What a .tflite file says of itself. */
export interface ModelFile {
  readonly signatures: ReadonlyMap<string, ModelSignature>;
  readonly state: ModelState;
  /** The extents of the inputs of the primary subgraph that the file leaves open. */
  readonly extents: OpenExtents;
  /** The subgraphs with operators that cannot run on empty tensors, by number. */
  readonly outlines: ReadonlyMap<number, SubgraphOutline>;
  /** Whether how long a run takes depends on more than the shapes. */
  readonly hasLoops: boolean;
  /** See `hasPerChannelDense`. */
  readonly hasPerChannelDense: boolean;
}

/**
 * Describes the model of a graph. Signatures come from the SignatureDefs; a file without has one,
 * `serving_default`, with the names of the tensors.
 *
 * @throws RangeError that says what is wrong with a signature; ServingError UNIMPLEMENTED /
 * MODEL_UNSUPPORTED for an input or output of a type that no tensor can hold.
 */
export function describeModel(graph: Graph): ModelFile {
  const { subgraphs, signatureDefs } = graph;
  const primary = subgraphs[0] as Subgraph;
  const signatures =
    signatureDefs.length === 0
      ? [[DEFAULT_SIGNATURE, signatureOfTensors(primary)] as const]
      : signatureDefs.map((def) => namedSignature(def, subgraphs));
  return {
    signatures: new Map(signatures),
    hasPerChannelDense: hasPerChannelDense(graph),
    hasLoops: subgraphs.some(({ operators }) => operators.some(({ name }) => name === "WHILE")),
    state: stateOf(graph),
    outlines: new Map(
      subgraphs.flatMap((subgraph) => {
        const outline = outlineOf(subgraph);
        return outline === undefined ? [] : [[subgraph.index, outline] as const];
      }),
    ),
    extents: openExtents(
      signatures.flatMap(([, { subgraph, inputs }]) => (subgraph === 0 ? inputs : [])),
    ),
  };
}

/** Which extents of inputs are open. A shape that is not known is open. */
export function openExtents(inputs: readonly Pick<Binding, "spec">[]): OpenExtents {
  const shapes = inputs.map(({ spec }) => spec.shape);
  if (shapes.some((shape) => shape === null || shape.slice(1).includes(-1))) return "unknown";
  return shapes.some((shape) => shape?.[0] === -1) ? "batch" : "known";
}

/** A .tflite file that was read. */
export interface ParsedModelFile {
  readonly graph: Graph;
  readonly file: ModelFile;
}

/** Reads and describes a .tflite file. @throws as `readGraph` and `describeModel` do. */
export function readModelFile(bytes: Uint8Array): ParsedModelFile {
  const graph = readGraph(bytes);
  return { graph, file: describeModel(graph) };
}

/**
 * As `readModelFile`, of a file with a path.
 *
 * @throws ServingError DATA_LOSS / MODEL_FILE_INVALID with the path and what is wrong with the bytes;
 * UNIMPLEMENTED / MODEL_UNSUPPORTED.
 */
export function parseModelFile(path: string, bytes: Uint8Array): ParsedModelFile {
  try {
    return readModelFile(bytes);
  } catch (error) {
    throw isServingError(error) ? error : errors.modelFileInvalid(path, error);
  }
}

/** A signature in the words of `Predictor`. */
export function toSignature({ inputs, outputs }: ModelSignature): Signature {
  const specs = (bindings: readonly Binding[]) => new Map(bindings.map((b) => [b.name, b.spec]));
  return { inputs: specs(inputs), outputs: specs(outputs) };
}

/**
 * Whether dimension 0 of every input and output of the signatures can have any extent. False for a model
 * with resource variables: the rows of a batch would share them.
 */
export function isBatchable({ signatures, state }: ModelFile): boolean {
  if (state === "resources") return false;
  const callable = [...signatures.values()].filter(({ subgraph }) => subgraph === 0);
  const bindings = callable.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]);
  return (
    callable.every(({ inputs }) => inputs.length > 0) &&
    bindings.every(({ spec }) => spec.shape?.[0] === -1)
  );
}

function signatureOfTensors({ tensors, inputs, outputs }: Subgraph): ModelSignature {
  const bind = (numbers: readonly number[], kind: string) => {
    const used = new Set<string>();
    return numbers.map((number, index) => {
      const tensor = referredTo(tensors, number, "tensor");
      const isUsable = tensor.name !== "" && !used.has(tensor.name);
      const name = checkName(isUsable ? tensor.name : `${kind}_${index}`);
      used.add(name);
      return { name, index, spec: specOf(tensor, name) };
    });
  };
  return { key: "", subgraph: 0, inputs: bind(inputs, "input"), outputs: bind(outputs, "output") };
}

function namedSignature(
  def: SignatureDef,
  subgraphs: readonly Subgraph[],
): readonly [string, ModelSignature] {
  const key = checkName(def.key || DEFAULT_SIGNATURE);
  const { tensors, inputs, outputs } = referredTo(subgraphs, def.subgraph, "subgraph");
  const bind = (named: readonly NamedTensor[], numbers: readonly number[]) =>
    named.map(({ name, tensor }) => {
      const index = numbers.indexOf(tensor);
      if (index === -1) {
        throw new RangeError(
          `signature "${key}" names tensor ${tensor} as "${name}", which is no input or output`,
        );
      }
      return {
        name: checkName(name),
        index,
        spec: specOf(referredTo(tensors, tensor, "tensor"), name),
      };
    });
  const signature = {
    key: def.key,
    subgraph: def.subgraph,
    inputs: bind(def.inputs, inputs),
    outputs: bind(def.outputs, outputs),
  };
  return [key, signature];
}

/** Names become keys of plain objects. */
function checkName(name: string): string {
  if (name === "" || name === "__proto__") throw new RangeError(`"${name}" is no possible name`);
  return name;
}
