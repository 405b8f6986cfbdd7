import { missingParts } from "./completeness.js";
import type { SavedModelInspection } from "./format-inspection.js";
import { rowFactsOfGraph, verdictsIn } from "./rows/row-facts.js";
import { readSavedModel } from "./saved-model.js";
import { readWarmUpRequests } from "./warm-up/prediction-log.js";

/**
 * Reads a SavedModel's tags, signatures, assets and warm-up requests. Needs no library.
 *
 * @throws ServingError as `readSavedModel` does, and WARM_UP_INVALID, WARM_UP_TOO_LONG.
 */
export async function inspectSavedModel(path: string): Promise<SavedModelInspection> {
  const graphs = await readSavedModel(path);
  const missing = await missingParts(path, graphs);
  const { length: warmUpRequests } = await readWarmUpRequests(path);
  const facts = await Promise.all(graphs.map((graph) => rowFactsOfGraph(path, graph)));
  const rowVerdicts = facts.map(verdictsIn);
  return { path, graphs, warmUpRequests, rowVerdicts, ...(missing !== undefined && { missing }) };
}
