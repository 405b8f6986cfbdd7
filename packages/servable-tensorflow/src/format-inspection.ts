import { formatSignature, formatVerdict, type RowVerdict, reasonOf } from "@serving-kit/inference";
import type { MetaGraph } from "./saved-model.js";

/** The description of a SavedModel, made without loading it. */
export interface SavedModelInspection {
  readonly path: string;
  readonly graphs: readonly MetaGraph[];
  /** The missing parts, as a sentence. */
  readonly missing?: string;
  /** The verdict on the rows of each signature, for each graph. */
  readonly rowVerdicts: readonly ReadonlyMap<string, RowVerdict>[];
  /** The number of warm-up requests in the SavedModel. */
  readonly warmUpRequests: number;
}

/** Formats an inspection as lines of text, such as `  inputs: image float32 [?, 64] (serving_default_image:0)`. */
export function formatInspection({
  path,
  graphs,
  missing,
  warmUpRequests,
  rowVerdicts,
}: SavedModelInspection): string {
  const lines = [`${path}: SavedModel${missing === undefined ? "" : `, not whole: ${missing}`}`];
  for (const [i, graph] of graphs.entries()) {
    const writer = graph.tensorflowVersion && `, written by TensorFlow ${graph.tensorflowVersion}`;
    lines.push(`graph ${graph.tags.join(",") || "without tags"}${writer}`);
    for (const [name, signature] of graph.signatures) {
      lines.push(...formatSignature(name, signature).map((line) => `  ${line}`));
    }
    for (const [name, signature] of graph.uncallable) {
      lines.push(`  signature ${name} cannot be called: ${reasonOf(signature)}`);
    }
    for (const entry of rowVerdicts[i] ?? []) lines.push(`  ${formatVerdict(...entry)}`);
    for (const asset of graph.assets) lines.push(`  asset ${asset}`);
  }
  if (warmUpRequests > 0) lines.push(`${warmUpRequests} warm-up requests`);
  return lines.join("\n");
}
