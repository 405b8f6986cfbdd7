import { messageOf } from "@serving-kit/core";
import type { Signature, Tensor, TensorSpec } from "@serving-kit/inference";
import { dataTypeName, dtypeOf } from "@serving-kit/tensorflow-wire";
import { errors } from "./errors.js";
import type { MetaGraphDef, SignatureDef, TensorInfo } from "./proto/messages.js";
import { shapeOf, tensorFromProto } from "./proto/tensor-proto.js";
import { readMetaGraphs } from "./saved-model-file.js";
import { type VariableNode, variableNodes } from "./variables/variable-nodes.js";

/** TensorFlow's own name for the op that initialises a model: a signature in name only. */
const INIT_OP = "__saved_model_init_op";
const TRAIN_OP = "__saved_model_train_op";

/** One graph of a SavedModel: what `saved_model_cli show` tells. */
export interface MetaGraph {
  /** The tags that name it, such as `serve`. */
  readonly tags: readonly string[];
  /** The version of TensorFlow that wrote it; empty where it does not say. */
  readonly tensorflowVersion: string;
  /** The signatures that can be called, by name. Inputs with a default are optional. */
  readonly signatures: ReadonlyMap<string, Signature>;
  /** The signatures that cannot be called, with the reason, such as a sparse input. */
  readonly unsupported: ReadonlyMap<string, string>;
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
  const unsupported = new Map<string, string>();
  const defaults = new Map<string, ReadonlyMap<string, Tensor>>();
  for (const [name, definition] of Object.entries(graph.signatureDef)) {
    if (name === INIT_OP || name === TRAIN_OP) continue;
    try {
      defaults.set(name, toDefaults(definition));
      signatures.set(name, toSignature(definition));
    } catch (error) {
      unsupported.set(name, messageOf(error));
    }
  }
  return {
    tags: graph.metaInfoDef?.tags ?? [],
    tensorflowVersion: graph.metaInfoDef?.tensorflowVersion ?? "",
    signatures,
    unsupported,
    defaults,
    assets: graph.assetFileDef.map(({ filename }) => filename),
    variables: variableNodes(graph.graphDef),
    ...(restoreOp && { restoreOp }),
  };
}

function toSignature({ methodName, inputs, outputs, defaults }: SignatureDef): Signature {
  const specs = (infos: Readonly<Record<string, TensorInfo>>, optional = {}) =>
    new Map(
      Object.keys(infos)
        .sort()
        .map((alias) => [
          alias,
          toSpec(alias, infos[alias] as TensorInfo, Object.hasOwn(optional, alias)),
        ]),
    );
  return {
    ...(methodName && { methodName }),
    inputs: specs(inputs, defaults),
    outputs: specs(outputs),
  };
}

function toSpec(alias: string, info: TensorInfo, isOptional: boolean): TensorSpec {
  if (info.cooSparse) throw new Error(`tensor "${alias}" is sparse`);
  if (info.compositeTensor) throw new Error(`tensor "${alias}" is composite, such as ragged`);
  const dtype = dtypeOf(info.dtype);
  if (dtype === undefined) {
    throw new Error(`tensor "${alias}" is of type ${dataTypeName(info.dtype)}`);
  }
  const shape = shapeOf(info.tensorShape);
  return { dtype, shape, nativeName: info.name, ...(isOptional && { isOptional }) };
}

function toDefaults({ defaults }: SignatureDef): ReadonlyMap<string, Tensor> {
  return new Map(
    Object.entries(defaults).map(([alias, proto]) => {
      try {
        return [alias, tensorFromProto(proto)];
      } catch (error) {
        throw new Error(`the default of input "${alias}" cannot be used: ${messageOf(error)}`);
      }
    }),
  );
}
