import type { Tensor, Tensors } from "@serving-kit/inference";
import type { ExampleOperator } from "../example-operator.js";
import type { Subgraph } from "../graph/graph.js";
import type { Binding, ModelSignature } from "../model-signature.js";
import { parseExamples } from "./parse-examples.js";

/**
 * Returns a signature of the first subgraph for the graph without the operators: `inputs` are the graph's, and
 * `callInputs` the caller's.
 *
 * @throws RangeError if the signature lacks an input of serialized examples.
 */
export function withExamples(
  signature: ModelSignature,
  operators: readonly ExampleOperator[],
  primary: Subgraph,
  runnable: Subgraph,
): ModelSignature {
  const { inputs, subgraph } = signature;
  if (subgraph !== 0) return signature;
  let next = primary.inputs.length;
  const examples = operators.map((operator) => {
    const binding = inputs.find(({ index }) => primary.inputs[index] === operator.serialized);
    if (binding === undefined) {
      throw new RangeError(`signature "${signature.key}" has no input for its tf.Example messages`);
    }
    const parsed = bindingsOf(operator, next);
    next += parsed.length;
    return { name: binding.name, operator, parsed };
  });
  const isParsed = ({ index }: Binding) => {
    const number = primary.inputs[index] as number;
    return operators.some(({ serialized }) => serialized === number) && !isUsed(number, runnable);
  };
  return {
    ...signature,
    inputs: [...inputs.filter((b) => !isParsed(b)), ...examples.flatMap(({ parsed }) => parsed)],
    callInputs: inputs,
    examples,
  };
}

/** Parses the examples of a call. @throws as `parseExamples` does. */
export function parseInputs({ examples }: ModelSignature, inputs: Tensors): Tensors {
  if (examples === undefined) return inputs;
  const tensors: Record<string, Tensor> = { ...inputs };
  for (const { name, operator, parsed } of examples) {
    const { data } = inputs[name] as Tensor<"string">;
    for (const [i, tensor] of parseExamples(operator, data).entries()) {
      tensors[(parsed[i] as Binding).name] = tensor;
    }
  }
  return tensors;
}

/** These names cannot clash with a file's, because TensorFlow Lite ends names with a 0 byte. */
function bindingsOf({ index, sparse, dense }: ExampleOperator, firstInput: number): Binding[] {
  const specs = [
    // Only the examples determine the number of values.
    ...sparse.map(() => ({ dtype: "int64" as const, shape: null })),
    ...sparse.map(({ dtype }) => ({ dtype, shape: null })),
    ...sparse.map(() => ({ dtype: "int64" as const, shape: [2] })),
    ...dense.map(({ dtype, shape }) => ({ dtype, shape: [-1, ...shape] })),
  ];
  return specs.map((spec, i) => ({ name: `\0${index}:${i}`, index: firstInput + i, spec }));
}

const isUsed = (number: number, { operators, outputs }: Subgraph) =>
  outputs.includes(number) || operators.some(({ inputs }) => inputs.includes(number));
