import type { Graph, Subgraph } from "./graph/graph.js";

/**
 * The state that a model keeps between runs of one interpreter:
 * - `none`: nothing.
 * - `variables`: variable tensors of the primary subgraph, such as the cells of an LSTM, which the interpreter can
 *   reset.
 * - `resources`: resource variables, which calls assign, or variable tensors of other subgraphs. Only a
 *   new interpreter resets them.
 */
export type ModelState = "none" | "variables" | "resources";

/** CallOnceOptions.init_subgraph_index (tensorflow/lite/schema/schema.fbs). */
const INIT_SUBGRAPH = 0;

/**
 * Finds the state of a model. Hash tables and resource variables that only CALL_ONCE fills are constants, and do not
 * count as state.
 */
export function stateOf({
  subgraphs,
  signatureDefs,
}: Pick<Graph, "subgraphs" | "signatureDefs">): ModelState {
  const called = new Set(signatureDefs.map(({ subgraph }) => subgraph).concat(0));
  const isInitializer = (index: number) => !called.has(index) && initializers.has(index);
  const initializers = new Set(
    operatorsOf(subgraphs, "CALL_ONCE").map(({ options }) => options?.int32(INIT_SUBGRAPH) ?? 0),
  );
  const others = subgraphs.filter(({ index }) => !isInitializer(index));
  if (operatorsOf(others, "ASSIGN_VARIABLE").length > 0) return "resources";
  const withVariables = subgraphs.filter(({ tensors }) => tensors.some((t) => t.isVariable));
  if (withVariables.length === 0) return "none";
  return withVariables.every(({ index }) => index === 0) ? "variables" : "resources";
}

const operatorsOf = (subgraphs: readonly Subgraph[], name: string) =>
  subgraphs.flatMap(({ operators }) => operators.filter((operator) => operator.name === name));
