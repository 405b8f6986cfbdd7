import { messageOf } from "@serving-kit/core";
import type { RowVerdict } from "@serving-kit/inference";
import type { GraphDef } from "../proto/messages.js";
import { graphDefType } from "../proto/schema.js";
import { type RunTraits, RunTraitsReader } from "../run-traits.js";
import type { MetaGraph } from "../saved-model.js";
import { findFile } from "../saved-model-folder.js";
import { signatureRuns } from "../signature-runs.js";
import { GraphRows, type RowFacts } from "./graph-rows.js";

/** The traits of each signature. */
export function runTraits(
  graph: Pick<MetaGraph, "signatures">,
  definition: GraphDef,
): ReadonlyMap<string, RunTraits> {
  const reader = new RunTraitsReader(definition);
  return new Map([...signatureRuns(graph)].map(([name, run]) => [name, reader.read(run)]));
}

const unknown = (reason: string): RowFacts => ({
  verdict: { verdict: "unknown", reason },
  work: Number.POSITIVE_INFINITY,
});

/**
 * Returns the facts about the rows of each signature, from the graph of the SavedModel in a folder. If a run changes a
 * model, its rows are not independent. From a `saved_model.pbtxt`, only a few attributes are read, so that nothing is
 * known.
 */
export async function rowFactsOf(
  path: string,
  { signatures }: Pick<MetaGraph, "signatures">,
  definition: GraphDef,
  traits: ReadonlyMap<string, RunTraits>,
): Promise<ReadonlyMap<string, RowFacts>> {
  const isText = (await findFile(path)) === "saved_model.pbtxt";
  const rows = new GraphRows(definition);
  return new Map(
    [...signatures].map(([name, signature]): [string, RowFacts] => {
      if (isText) return [name, unknown("its graph is text")];
      if (traits.get(name)?.movesState) {
        return [name, unknown("a run changes what later runs compute")];
      }
      try {
        return [name, rows.examine(signature)];
      } catch (error) {
        return [name, unknown(`its graph cannot be examined: ${messageOf(error)}`)];
      }
    }),
  );
}

/** Returns the verdicts in facts about signatures. */
export const verdictsIn = (facts: ReadonlyMap<string, RowFacts>): ReadonlyMap<string, RowVerdict> =>
  new Map([...facts].map(([name, { verdict }]) => [name, verdict]));

/** Same as `rowFactsOf`, for a graph in memory. */
export function rowFactsOfGraph(
  path: string,
  graph: Pick<MetaGraph, "signatures" | "graphDef">,
): Promise<ReadonlyMap<string, RowFacts>> {
  const definition = graphDefType.decode(graph.graphDef) as unknown as GraphDef;
  return rowFactsOf(path, graph, definition, runTraits(graph, definition));
}
