import { DEFAULT_SIGNATURE, type Signature, type TensorSpec } from "@serving-kit/inference";
import type { ExampleOperator } from "./example-operator.js";
import type { Graph, NamedTensor, SignatureDef, Subgraph } from "./graph/graph.js";
import { referredTo } from "./graph/read-graph.js";
import { type MetadataSignature, metadataSignatures } from "./signature-metadata.js";
import { aliasesOf, withoutIndex } from "./tensor-names.js";
import { specOf } from "./tensor-spec.js";

/** One input or output of a signature. */
export interface Binding {
  readonly name: string;
  /** Its index among the inputs or outputs of the subgraph, as the C API counts them. */
  readonly index: number;
  readonly spec: TensorSpec;
}

/** An input of serialized examples, and the inputs of the graph that they are parsed into. */
export interface ExampleInput {
  /** The name of the input that callers use. */
  readonly name: string;
  readonly operator: ExampleOperator;
  /** The inputs of the graph, one for each output of the operator. */
  readonly parsed: readonly Binding[];
}

/** A signature and the facts that are needed to run it. */
export interface ModelSignature {
  /** Its name in the file, which can be empty. */
  readonly key: string;
  readonly subgraph: number;
  /** The method in a SignatureDef of the metadata, such as `tensorflow/serving/predict`. */
  readonly methodName?: string;
  /** The inputs of the graph that runs. */
  readonly inputs: readonly Binding[];
  readonly outputs: readonly Binding[];
  /** The inputs of a call, if these are not `inputs` because of `examples`. */
  readonly callInputs?: readonly Binding[];
  /** The inputs of a call that are `tf.Example` messages, which are parsed into inputs of the graph. */
  readonly examples?: readonly ExampleInput[];
}

/**
 * Returns the signatures of a graph by name: the SignatureDefs of its metadata, as TF Serving reads them, and the
 * signatures of the format itself; if both have a name, the metadata take precedence. A file without signatures has
 * one, `serving_default`, with the names of the tensors.
 *
 * @throws RangeError with what is wrong in a signature; ServingError UNIMPLEMENTED / MODEL_UNSUPPORTED for an input or
 * output of a type that no tensor can hold.
 */
export function signaturesOf(graph: Graph): ReadonlyMap<string, ModelSignature> {
  const primary = graph.subgraphs[0] as Subgraph;
  const signatures = new Map([
    ...graph.signatureDefs.map((def) => namedSignature(def, graph.subgraphs)),
    ...metadataSignatures(graph).map((def) => metadataSignature(def, primary)),
  ]);
  if (signatures.size === 0) signatures.set(DEFAULT_SIGNATURE, signatureOfTensors(primary));
  return signatures;
}

/** Converts a signature to `Predictor`'s form. The default signature can be called by the tensors' names. */
export function toSignature(name: string, signature: ModelSignature): Signature {
  const { methodName, inputs, callInputs = inputs, outputs } = signature;
  const specs = (bindings: readonly Binding[]) => new Map(bindings.map((b) => [b.name, b.spec]));
  const plain: Signature = {
    ...(methodName && { methodName }),
    inputs: specs(callInputs),
    outputs: specs(outputs),
  };
  const aliases = name === DEFAULT_SIGNATURE ? aliasesOf(plain) : [];
  return aliases.length === 0 ? plain : { ...plain, aliases };
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
  const subgraph = referredTo(subgraphs, def.subgraph, "subgraph");
  const bind = (named: readonly NamedTensor[], numbers: readonly number[]) =>
    named.map(({ name, tensor }) => bindingOf(key, name, subgraph, numbers, tensor));
  const signature = {
    key: def.key,
    subgraph: def.subgraph,
    inputs: bind(def.inputs, subgraph.inputs),
    outputs: bind(def.outputs, subgraph.outputs),
  };
  return [key, signature];
}

/** Early converters wrote tensor names without `:0`; the names in the SignatureDefs have it. */
function metadataSignature(
  def: MetadataSignature,
  primary: Subgraph,
): readonly [string, ModelSignature] {
  const key = checkName(def.key);
  const bind = (named: ReadonlyMap<string, string>, numbers: readonly number[]) =>
    [...named].map(([name, tensorName]) => {
      const find = (wanted: string) => numbers.find((n) => primary.tensors[n]?.name === wanted);
      const number = find(tensorName) ?? find(withoutIndex(tensorName));
      if (number === undefined) {
        throw new RangeError(
          `signature "${key}" names tensor "${tensorName}" as "${name}", which is not an input or output`,
        );
      }
      return bindingOf(key, name, primary, numbers, number);
    });
  const signature = {
    key: def.key,
    subgraph: 0,
    methodName: def.methodName,
    inputs: bind(def.inputs, primary.inputs),
    outputs: bind(def.outputs, primary.outputs),
  };
  return [key, signature];
}

function bindingOf(
  key: string,
  name: string,
  { tensors }: Subgraph,
  numbers: readonly number[],
  number: number,
): Binding {
  const index = numbers.indexOf(number);
  if (index === -1) {
    throw new RangeError(
      `signature "${key}" names tensor ${number} as "${name}", which is not an input or output`,
    );
  }
  const spec = specOf(referredTo(tensors, number, "tensor"), name);
  return { name: checkName(name), index, spec };
}

/** Checks a name, because names become keys of plain objects. */
function checkName(name: string): string {
  if (name === "" || name === "__proto__") throw new RangeError(`"${name}" is not a possible name`);
  return name;
}
