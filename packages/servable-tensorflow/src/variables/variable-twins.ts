import type { GraphDef } from "../proto/messages.js";
import { attributes, GraphScope, nodeOf } from "./graph-scope.js";
import type { VariableNode } from "./variable-nodes.js";

/** A variable, and the variable that is a copy of it. */
export interface VariableTwin {
  readonly original: VariableNode;
  readonly copy: VariableNode;
  /** The `DataType` of both. */
  readonly dataType: number;
}

/**
 * Finds the copies of variables: variables whose initial value is read from another variable. Keras 3 makes them when
 * `tf.saved_model.save` saves a model; the files then have only the copies.
 */
export function variableTwins({ node }: GraphDef): readonly VariableTwin[] {
  const { nodes } = new GraphScope(node);
  const source = (tensor = "") => nodes.get(nodeOf(tensor));
  const twins: VariableTwin[] = [];
  for (const { op, input } of node) {
    if (op !== "AssignVariableOp") continue;
    const [copy, read] = [source(input[0]), source(input[1])];
    if (copy?.op !== "VarHandleOp" || read?.op !== "ReadVariableOp") continue;
    const original = source(read.input[0]);
    if (original?.op !== "VarHandleOp") continue;
    const [dataType, same] = [copy, original].map(
      (each) => attributes(each).find(({ key }) => key === "dtype")?.value?.type ?? 0,
    );
    if (dataType === undefined || dataType !== same) continue;
    twins.push({ original, copy, dataType });
  }
  return twins;
}
