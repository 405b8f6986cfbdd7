import { join } from "node:path";
import { ReadHandover, type Signature, type Tensor } from "@serving-kit/inference";
import { errors } from "./errors.js";
import type { MetaGraphDef } from "./proto/messages.js";
import { readMetaGraphs } from "./saved-model-file.js";
import { findFile } from "./saved-model-folder.js";
import { readSignature } from "./signature-def.js";
import { type VariableNode, variableNodes } from "./variables/variable-nodes.js";

/** One graph of a SavedModel, with the facts that `saved_model_cli show` prints. */
export interface MetaGraph {
  /** The tags of the graph, such as `serve`. */
  readonly tags: readonly string[];
  /** The version of TensorFlow that wrote it; empty if the file does not have it. */
  readonly tensorflowVersion: string;
  /** The signatures that can be called, by name. Inputs with a default are optional. */
  readonly signatures: ReadonlyMap<string, Signature>;
  /** The signatures that cannot be called, such as those with a sparse input, and the init op. */
  readonly uncallable: ReadonlyMap<string, Signature>;
  /** The defaults of optional inputs: by signature, by input. */
  readonly defaults: ReadonlyMap<string, ReadonlyMap<string, Tensor>>;
  /** The names of files in `assets/` that the graph reads. */
  readonly assets: readonly string[];
  /** The ops that hold the graph's variables. */
  readonly variables: readonly VariableNode[];
  /**
   * The op that restores the variables from `variables/`. Absent if there is nothing to restore: exporters name the op
   * exactly if they write `variables/variables.index`.
   */
  readonly restoreOp?: string;
  /** The serialized GraphDef: a view of the file, which it keeps in memory. */
  readonly graphDef: Uint8Array;
}

/**
 * Reads the tags, signatures and assets of a SavedModel. The graph is skipped, and TensorFlow's library is not needed.
 *
 * @throws ServingError NOT_FOUND / SAVED_MODEL_MISSING if the folder has no `saved_model.pb` or `saved_model.pbtxt`;
 * DATA_LOSS / SAVED_MODEL_INVALID if that file is not a SavedModel.
 */
export async function readSavedModel(path: string): Promise<readonly MetaGraph[]> {
  return readMetaGraphs(path, (graphs) => graphs.map(toMetaGraph));
}

const handover = new ReadHandover<readonly MetaGraph[]>();

/** Same as `readSavedModel`; keeps the result for `takeSavedModel`. */
export async function readSavedModelToLoad(path: string): Promise<readonly MetaGraph[]> {
  const file = await findFile(path);
  if (file === undefined) return readSavedModel(path);
  return handover.readAndKeep(join(path, file), () => readSavedModel(path));
}

/** Same as `readSavedModel`, unless `readSavedModelToLoad` has read the current state of the file. */
export async function takeSavedModel(path: string): Promise<readonly MetaGraph[]> {
  const file = await findFile(path);
  const kept = file && (await handover.take(join(path, file)));
  return kept ?? readSavedModel(path);
}

/** Returns the graph with exactly these tags. Throws NOT_FOUND / TAGS_NOT_FOUND with the known tags. */
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
