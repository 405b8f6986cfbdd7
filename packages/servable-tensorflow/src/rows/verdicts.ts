import { messageOf } from "@serving-kit/core";
import type { RowVerdict } from "@serving-kit/inference";
import type { GraphDef } from "../proto/messages.js";
import { graphDefType } from "../proto/schema.js";
import { type RunTraits, RunTraitsReader } from "../run-traits.js";
import type { MetaGraph } from "../saved-model.js";
import { findFile } from "../saved-model-folder.js";
import { signatureRuns } from "../signature-runs.js";
import { GraphRows } from "./graph-rows.js";

/** The traits of each signature. */
export function runTraits(
  graph: Pick<MetaGraph, "signatures">,
  definition: GraphDef,
): ReadonlyMap<string, RunTraits> {
  const reader = new RunTraitsReader(definition);
  return new Map([...signatureRuns(graph)].map(([name, run]) => [name, reader.read(run)]));
}

const unknown = (reason: string): RowVerdict => ({ verdict: "unknown", reason });

/**
 * Returns the verdict on the rows of each signature, from the graph of the SavedModel in a folder. If a run changes a
 * model, its rows are not independent. From a `saved_model.pbtxt`, only a few attributes are read, so that nothing is
 * known.
 */
export async function verdictsOf(
  path: string,
  { signatures }: Pick<MetaGraph, "signatures">,
  definition: GraphDef,
  traits: ReadonlyMap<string, RunTraits>,
): Promise<ReadonlyMap<string, RowVerdict>> {
  const isText = (await findFile(path)) === "saved_model.pbtxt";
  const rows = new GraphRows(definition);
  return new Map(
    [...signatures].map(([name, signature]): [string, RowVerdict] => {
      if (isText) return [name, unknown("its graph is text")];
      if (traits.get(name)?.movesState) {
        return [name, unknown("a run changes what later runs compute")];
      }
      try {
        return [name, rows.verdict(signature)];
      } catch (error) {
        return [name, unknown(`its graph cannot be examined: ${messageOf(error)}`)];
      }
    }),
  );
}

/** Same as `verdictsOf`, for a graph in memory. */
export function verdictsOfGraph(
  path: string,
  graph: Pick<MetaGraph, "signatures" | "graphDef">,
): Promise<ReadonlyMap<string, RowVerdict>> {
  const definition = graphDefType.decode(graph.graphDef) as unknown as GraphDef;
  return verdictsOf(path, graph, definition, runTraits(graph, definition));
}
