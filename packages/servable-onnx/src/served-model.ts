import {
  batchDimension,
  type DType,
  type RowVerdict,
  type Shape,
  type Signature,
  type TensorSpec,
} from "@serving-kit/inference";
import type { Execution } from "@serving-kit/native-library";
import { errors } from "./errors.js";
import type { ClassLabels, GraphValue, ModelFacts } from "./file/model-facts.js";
import { dtypeOf, elementTypeName } from "./native/element-type.js";
import type { SessionHandle } from "./native/session-runner.js";

/** The names of a signature, and the label outputs that the kit adds. */
export interface ServedSignature {
  readonly signature: Signature;
  /** The outputs that are the class labels of another output's columns. */
  readonly labels: ReadonlyMap<string, { readonly of: string; readonly values: ClassLabels }>;
}

/** The facts about a predictor's model: a plain object, to share with other threads. */
export interface ServedModel extends ServedSignature, SessionHandle {
  readonly path: string;
  readonly batchable: boolean;
  /** The verdict on the rows, from the graph. */
  readonly rowVerdict: RowVerdict;
  readonly execution: Execution;
  readonly concurrency: number;
}

/**
 * Returns the signature of a file. A ZipMap becomes a float matrix, and its labels become a separate output with one
 * row of labels per row, so that all outputs have the rows of the batch.
 *
 * @throws ServingError UNIMPLEMENTED / MODEL_UNSUPPORTED for inputs and outputs that are not tensors of a dtype.
 */
export function servedSignature(path: string, facts: ModelFacts): ServedSignature {
  const inputs = new Map<string, TensorSpec>();
  for (const input of facts.inputs) inputs.set(input.name, inputSpec(path, input));
  const outputs = new Map<string, TensorSpec>();
  const labels = new Map<string, { of: string; values: ClassLabels }>();
  const taken = new Set(facts.outputs.map(({ name }) => name));
  for (const output of facts.outputs) {
    const classes = facts.zipMaps.get(output.name);
    if (classes === undefined) {
      outputs.set(output.name, specOf(path, "output", output));
      continue;
    }
    const shape = [-1, classes.values.length];
    outputs.set(output.name, { dtype: "float32", shape });
    let name = `${output.name}_labels`;
    while (taken.has(name)) name += "_";
    taken.add(name);
    outputs.set(name, { dtype: classes.dtype, shape });
    labels.set(name, { of: output.name, values: classes });
  }
  return { signature: { inputs, outputs }, labels };
}

function inputSpec(path: string, input: GraphValue): TensorSpec {
  const spec = specOf(path, "input", input);
  return input.hasDefault ? { ...spec, isOptional: true } : spec;
}

function specOf(path: string, role: "input" | "output", value: GraphValue): TensorSpec {
  const { name, kind, elementType, shape } = value;
  const what = `${role} "${name}"`;
  if (kind === "unknown" || (kind === "tensor" && elementType === 0)) {
    const remedy = "add it with onnx.shape_inference.infer_shapes";
    throw errors.modelUnsupported(path, `${what} has no declared type`, remedy);
  }
  if (kind !== "tensor") throw errors.modelUnsupported(path, `${what} is a ${kind}`, NOT_TENSOR);
  const dtype = dtypeOf(elementType);
  if (dtype !== undefined) return { dtype, shape };
  const problem = `${what} has elements of type ${elementTypeName(elementType)}`;
  throw errors.modelUnsupported(path, problem, "cast it to float32 in the graph");
}

const NOT_TENSOR =
  'export tensors instead: for classifiers of skl2onnx, with options={"zipmap": False}; for sequences, concatenate them in the graph';

/** The dtype and shape of an output of a run. */
export type OutputForm = { readonly dtype: DType; readonly shape: readonly number[] };

/** Replaces the shape of outputs whose rank differs in runs by any shape, because files declare some shapes wrongly. */
export function withSeenShapes(
  signature: Signature,
  seen: Readonly<Record<string, OutputForm>>,
): Signature {
  const outputs = new Map(
    [...signature.outputs].map(([name, spec]) => {
      const form = Object.hasOwn(seen, name) ? seen[name] : undefined;
      return form === undefined || fits(spec.shape, form.shape)
        ? [name, spec]
        : [name, { ...spec, shape: null }];
    }),
  );
  return { ...signature, outputs };
}

function fits(declared: Shape, seen: readonly number[]): boolean {
  if (declared === null) return true;
  const sameRank = declared.length === seen.length;
  return sameRank && declared.every((extent, i) => extent === -1 || extent === seen[i]);
}

/** Returns whether dimension 0 of every input and output is open. */
export function declaresBatch({ inputs, outputs }: Signature): boolean {
  const specs = [...inputs.values(), ...outputs.values()];
  return inputs.size > 0 && specs.every((spec) => batchDimension(spec) === "open");
}
