import { errors } from "./errors.js";
import type { Bindings } from "./native/bindings.js";
import type { SavedModelSession } from "./native/saved-model-session.js";
import { SessionVariables } from "./native/session-variables.js";
import type { GraphDef } from "./proto/messages.js";
import { readGraph } from "./read-graph.js";
import type { MetaGraph } from "./saved-model.js";
import { signatureRuns } from "./signature-runs.js";
import type { VariableNode } from "./variables/variable-nodes.js";
import { type VariableTwin, variableTwins } from "./variables/variable-twins.js";
import { VariableUses } from "./variables/variable-use.js";

/**
 * Ensures that the signatures of a session find values in the variables that they read. If TensorFlow has not restored
 * a variable but has restored a copy of it, the variable is assigned the copy's value (Keras 3 models from
 * `tf.saved_model.save`).
 *
 * Queries the session only about variables that signatures reach and the restore op does not set. A query takes about a
 * fifth of the loading time, because TensorFlow prepares the whole graph for it.
 *
 * @throws ServingError INVALID_ARGUMENT / VARIABLES_UNSET with the variables that signatures read, that have no value
 * and that no signature assigns.
 */
export async function settleVariables(
  bindings: Bindings,
  session: SavedModelSession,
  path: string,
  graph: MetaGraph,
  definition: GraphDef,
): Promise<void> {
  if (graph.variables.length === 0) return;
  const { read, assigned } = readGraph(path, () => variablesToSettle(graph, definition));
  if (read.length === 0) return;

  const variables = new SessionVariables(bindings, session, path);
  const twins = readGraph(path, () => variableTwins(definition));
  const initialized = await variables.initialized([...read, ...twins.map(({ copy }) => copy)]);
  const unset = read.filter(({ name }) => !initialized.has(name));
  const copied = usableTwins(unset, twins, initialized);
  if (copied.size > 0) await variables.assignCopies([...copied.values()]);
  const lost = unset.filter(({ name }) => !copied.has(name) && !assigned.has(name));
  if (lost.length > 0) {
    throw errors.variablesUnset(
      path,
      lost.map(({ name }) => name),
    );
  }
}

/**
 * Returns the variables that signatures read and the restore op does not set; and the names of those that signatures
 * assign.
 */
function variablesToSettle(graph: MetaGraph, definition: GraphDef) {
  const uses = new VariableUses(definition);
  const runs = [...signatureRuns(graph).values()];
  const restore = { fed: [], fetched: graph.restoreOp === undefined ? [] : [graph.restoreOp] };
  const used = uses
    .reached(graph.variables, runs)
    .filter((variable) => !uses.use(variable, [restore]).isAlwaysAssigned)
    .map((variable) => ({ variable, ...uses.use(variable, runs) }))
    .filter(({ isRead }) => isRead);
  return {
    read: used.map(({ variable }) => variable),
    assigned: new Set(
      used.filter(({ isAssigned }) => isAssigned).map(({ variable }) => variable.name),
    ),
  };
}

/** Returns the twins whose original is not set and whose copy is, by the name of the original. */
function usableTwins(
  unset: readonly VariableNode[],
  twins: readonly VariableTwin[],
  initialized: ReadonlySet<string>,
): ReadonlyMap<string, VariableTwin> {
  const wanted = new Set(unset.map(({ name }) => name));
  return new Map(
    twins
      .filter(({ original, copy }) => wanted.has(original.name) && initialized.has(copy.name))
      .map((twin) => [twin.original.name, twin]),
  );
}
