import type {
  DenseFeature,
  ExampleOperator,
  FeatureDType,
  FeatureValues,
  SparseFeature,
} from "../example-operator.js";
import type { Graph, GraphTensor, Operator, Subgraph } from "../graph/graph.js";
import { decodeStrings } from "../native/string-tensor.js";

/**
 * Finds the operators of the first subgraph that parse examples from its inputs, with constant keys and defaults. An
 * operator with features of unknown length, or with ragged features, is skipped: TF Serving does not support it either.
 *
 * @throws RangeError if the constants of an operator are inconsistent.
 */
export function exampleOperators({ subgraphs }: Graph): readonly ExampleOperator[] {
  const primary = subgraphs[0] as Subgraph;
  return primary.operators.flatMap((operator) => {
    const layout = LAYOUTS[operator.customCode ?? ""];
    const serialized = operator.inputs[0] ?? -1;
    if (layout === undefined || !primary.inputs.includes(serialized)) return [];
    const features = featuresOf(operator, primary, layout);
    if (features === undefined) return [];
    return [{ index: operator.index, serialized, ...features, outputs: operator.outputs }];
  });
}

/** Tensor numbers and strings of an operator's constants. */
interface Layout {
  readonly sparseKeys: readonly string[];
  readonly denseKeys: readonly string[];
  readonly defaults: readonly number[];
}

type LayoutOf = (operator: Operator, tensors: readonly GraphTensor[]) => Layout;

/** Inputs by operator: serialized, names, then keys (tensorflow/lite/kernels/parse_example/parse_example.cc). */
const LAYOUTS: Readonly<Record<string, LayoutOf>> = {
  // One key per tensor. With s sparse and d dense features: 2 + s + 2 d inputs, 3 s + d outputs.
  ParseExample({ inputs, outputs }, tensors) {
    const sparse = (2 + 2 * outputs.length - inputs.length) / 5;
    const dense = outputs.length - 3 * sparse;
    const keys = inputs.slice(2, 2 + sparse + dense).flatMap((n) => textsOf(tensors[n]));
    return {
      sparseKeys: keys.slice(0, sparse),
      denseKeys: keys.slice(sparse),
      defaults: inputs.slice(2 + sparse + dense),
    };
  },
  // One tensor with all keys of a kind: sparse, dense, ragged.
  ParseExampleV2({ inputs }, tensors) {
    return {
      sparseKeys: textsOf(tensors[inputs[2] ?? -1]),
      denseKeys: textsOf(tensors[inputs[3] ?? -1]),
      defaults: inputs.slice(5),
    };
  },
};

function featuresOf(
  operator: Operator,
  { tensors }: Subgraph,
  layoutOf: LayoutOf,
): Pick<ExampleOperator, "sparse" | "dense"> | undefined {
  const { sparseKeys, denseKeys, defaults } = layoutOf(operator, tensors);
  const count = 3 * sparseKeys.length + denseKeys.length;
  if (operator.outputs.length !== count || defaults.length !== denseKeys.length) return undefined;
  const outputs = operator.outputs.map((number) => tensors[number]);
  const sparse = sparseKeys.map((key, i) => sparseFeature(key, outputs[sparseKeys.length + i]));
  const dense = denseKeys.map((key, i) =>
    denseFeature(key, outputs[3 * sparseKeys.length + i], tensors[defaults[i] ?? -1]),
  );
  const isKnown = <T>(feature: T | undefined): feature is T => feature !== undefined;
  return sparse.every(isKnown) && dense.every(isKnown) ? { sparse, dense } : undefined;
}

function sparseFeature(key: string, values: GraphTensor | undefined): SparseFeature | undefined {
  const dtype = featureDType(values);
  return dtype && { key, dtype };
}

function denseFeature(
  key: string,
  output: GraphTensor | undefined,
  defaults: GraphTensor | undefined,
): DenseFeature | undefined {
  const dtype = featureDType(output);
  if (output === undefined || dtype === undefined || featureDType(defaults) !== dtype)
    return undefined;
  const { shape, shapeSignature } = output;
  const rowShape = (shapeSignature.length === shape.length ? shapeSignature : shape).slice(1);
  const data = defaults?.shape.includes(0) ? new Uint8Array() : defaults?.data;
  if (rowShape.some((extent) => extent < 1) || data === undefined) return undefined;
  const values = valuesOf(dtype, data);
  const size = rowShape.reduce((product, extent) => product * extent, 1);
  if (values.length === 0) return { key, dtype, shape: rowShape };
  if (values.length === size) return { key, dtype, shape: rowShape, defaults: values };
  throw new RangeError(
    `feature "${key}" has ${values.length} defaults for the shape [${rowShape}]`,
  );
}

function featureDType(tensor: GraphTensor | undefined): FeatureDType | undefined {
  const dtype = tensor?.type?.dtype;
  return dtype === "float32" || dtype === "int64" || dtype === "string" ? dtype : undefined;
}

function valuesOf(dtype: FeatureDType, data: Uint8Array): FeatureValues[FeatureDType] {
  const memory = data.slice().buffer;
  if (dtype === "string") return decodeStrings(memory);
  return dtype === "float32" ? new Float32Array(memory) : new BigInt64Array(memory);
}

function textsOf(tensor: GraphTensor | undefined): string[] {
  if (featureDType(tensor) !== "string" || tensor?.data === undefined) return [];
  return decodeStrings(tensor.data.slice().buffer).map((key) =>
    Buffer.from(key).toString("latin1"),
  );
}
