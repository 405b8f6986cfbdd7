import { join } from "node:path";
import { ReadHandover, type Signature, type Tensor } from "@serving-kit/inference";
import { errors } from "./errors.js";
import type { MetaGraphDef } from "./proto/messages.js";
import { readMetaGraphs } from "./saved-model-file.js";
import { findFile } from "./saved-model-folder.js";
import { readSignature } from "./signature-def.js";
import { type VariableNode, variableNodes } from "./variables/variable-nodes.js";

/** One graph of a SavedModel: what `saved_model_cli show` tells. */
export interface MetaGraph {
  /** The tags that name it, such as `serve`. */
  readonly tags: readonly string[];
  /** The version of TensorFlow that wrote it; empty where it does not say. */
  readonly tensorflowVersion: string;
  /** The signatures that can be called, by name. Inputs with a default are optional. */
  readonly signatures: ReadonlyMap<string, Signature>;
  /** The signatures that cannot be called, such as those with a sparse input, and the init op. */
  readonly uncallable: ReadonlyMap<string, Signature>;
  /** The defaults of optional inputs: by signature, by input. */
  readonly defaults: ReadonlyMap<string, ReadonlyMap<string, Tensor>>;
  /** The names of files in `assets/` that the graph reads. */
  readonly assets: readonly string[];
  /** The ops that hold its variables. */
  readonly variables: readonly VariableNode[];
  /**
   * The op that restores its variables from `variables/`. Absent if it has none to restore: exporters name
   * the op exactly if they write `variables/variables.index`.
   */
  readonly restoreOp?: string;
  /** The serialized GraphDef: a view of the file, which it keeps in memory. */
  readonly graphDef: Uint8Array;
}

/**
 * Reads what a SavedModel says of itself: tags, signatures, assets. The graph is skipped; the
 * library of TensorFlow is not needed.
 *
 * @throws ServingError NOT_FOUND / SAVED_MODEL_MISSING when the folder has no `saved_model.pb` or
 * `saved_model.pbtxt`; DATA_LOSS / SAVED_MODEL_INVALID when that is not one.
 */
export async function readSavedModel(path: string): Promise<readonly MetaGraph[]> {
  return readMetaGraphs(path, (graphs) => graphs.map(toMetaGraph));
}

const handover = new ReadHandover<readonly MetaGraph[]>();

/** As `readSavedModel`; keeps what it returns for `takeSavedModel`. */
export async function readSavedModelToLoad(path: string): Promise<readonly MetaGraph[]> {
  const file = await findFile(path);
  if (file === undefined) return readSavedModel(path);
  return handover.readAndKeep(join(path, file), () => readSavedModel(path));
}

/** As `readSavedModel`, unless `readSavedModelToLoad` has read the file as it is now. */
export async function takeSavedModel(path: string): Promise<readonly MetaGraph[]> {
  const file = await findFile(path);
  const kept = file && (await handover.take(join(path, file)));
  return kept ?? readSavedModel(path);
}

/** The graph with exactly these tags. Throws NOT_FOUND / TAGS_NOT_FOUND with the known ones. */
export function selectMetaGraph(
  path: string,
  graphs: readonly MetaGraph[],
  tags: readonly string[],
): MetaGraph {
  const wanted = new Set(tags);
  const found = graphs.find(
    (graph) => graph.tags.length === wanted.size && graph.tags.every((tag) => wanted.has(tag)),
  );
  if (found !== undefined) return found;
  throw errors.tagsNotFound(
    path,
    tags,
    graphs.map((graph) => graph.tags.join(",")),
  );
}

function toMetaGraph(graph: MetaGraphDef): MetaGraph {
  const restoreOp = graph.saverDef?.restoreOpName;
  const signatures = new Map<string, Signature>();
  const uncallable = new Map<string, Signature>();
  const defaults = new Map<string, ReadonlyMap<string, Tensor>>();
  for (const [name, definition] of Object.entries(graph.signatureDef)) {
    const read = readSignature(definition);
    (read.isCallable ? signatures : uncallable).set(name, read.signature);
    if (read.isCallable) defaults.set(name, read.defaults);
  }
  return {
    tags: graph.metaInfoDef?.tags ?? [],
    tensorflowVersion: graph.metaInfoDef?.tensorflowVersion ?? "",
    ...{ signatures, uncallable, defaults },
    assets: graph.assetFileDef.map(({ filename }) => filename),
    variables: variableNodes(graph.graphDef),
    graphDef: graph.graphDef,
    ...(restoreOp && { restoreOp }),
  };
}
