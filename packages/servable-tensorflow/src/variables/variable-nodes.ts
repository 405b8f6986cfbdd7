import { graphNamesType } from "../proto/schema.js";

/** An op of a graph that holds a variable. */
export interface VariableNode {
  readonly name: string;
  /** `VarHandleOp` for a resource; `VariableV2` or `Variable` for a reference (TensorFlow 1). */
  readonly op: string;
}

const VARIABLE_OPS: ReadonlySet<string> = new Set(["VarHandleOp", "VariableV2", "Variable"]);

/** Returns whether an op holds its variable as a resource rather than as a reference. */
export const isResource = ({ op }: Pick<VariableNode, "op">) => op === "VarHandleOp";

/** Returns the variables of a serialized `GraphDef`, in the graph's order. */
export function variableNodes(graphDef: Uint8Array): readonly VariableNode[] {
  // An absent field is an empty array, which is not a Buffer.
  if (graphDef.length === 0) return [];
  const { node } = graphNamesType.decode(graphDef) as unknown as { node: VariableNode[] };
  return node.filter(({ op }) => VARIABLE_OPS.has(op)).map(({ name, op }) => ({ name, op }));
}
