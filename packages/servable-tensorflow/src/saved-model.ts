import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "@serving-kit/core";
import type { Signature, Tensor, TensorSpec } from "@serving-kit/inference";
import textformat from "protobufjs/ext/textformat.js";
import { dataTypeName, dtypeOf } from "./data-type.js";
import { errors } from "./errors.js";
import type { MetaGraphDef, SavedModelProto, SignatureDef, TensorInfo } from "./proto/messages.js";
import { pruneText } from "./proto/prune-text.js";
import { savedModelType } from "./proto/schema.js";
import { shapeOf, tensorFromProto } from "./proto/tensor-proto.js";

/** The two forms of the file that makes a folder a SavedModel. */
export const SAVED_MODEL_FILES = ["saved_model.pb", "saved_model.pbtxt"] as const;

/** TensorFlow's own name for the op that initialises a model: a signature in name only. */
const INIT_OP = "__saved_model_init_op";
const TRAIN_OP = "__saved_model_train_op";

/** What protobuf allows a message, and what a text may have in JavaScript. */
const MAX_BYTES = 2 ** 31 - 1;
const MAX_TEXT_BYTES = 2 ** 29 - 25;

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
}

/**
 * Reads what a SavedModel says of itself: tags, signatures, assets. The graph is skipped; the
 * library of TensorFlow is not needed.
 *
 * @throws ServingError NOT_FOUND / SAVED_MODEL_MISSING when the folder has no `saved_model.pb` or
 * `saved_model.pbtxt`; DATA_LOSS / SAVED_MODEL_INVALID when that is not one.
 */
export async function readSavedModel(path: string): Promise<readonly MetaGraph[]> {
  const file = await findFile(path);
  if (file === undefined) throw errors.savedModelMissing(path);
  try {
    const bytes = await readFile(join(path, file));
    const { metaGraphs } = decode(file, bytes);
    if (metaGraphs.length === 0) throw new Error("it holds no graph");
    return metaGraphs.map(toMetaGraph);
  } catch (error) {
    throw errors.savedModelInvalid(path, `${file}: ${messageOf(error)}`, error);
  }
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

/** The file that is there; TensorFlow too prefers the binary one. */
async function findFile(path: string): Promise<(typeof SAVED_MODEL_FILES)[number] | undefined> {
  for (const file of SAVED_MODEL_FILES) {
    const stats = await stat(join(path, file)).catch(() => undefined);
    if (stats === undefined) continue;
    const limit = file === "saved_model.pb" ? MAX_BYTES : MAX_TEXT_BYTES;
    if (stats.size > limit) {
      throw errors.savedModelInvalid(
        path,
        `${file} has ${stats.size} bytes; at most ${limit} can be read`,
      );
    }
    return file;
  }
  return undefined;
}

function decode(file: string, bytes: Uint8Array): SavedModelProto {
  if (file === "saved_model.pb") return savedModelType.decode(bytes) as unknown as SavedModelProto;
  const text = pruneText(new TextDecoder().decode(bytes), savedModelType);
  // What the text does not name is absent there; on the wire and back it gets its default.
  const message = savedModelType.encode(textformat.fromText(savedModelType, text)).finish();
  return savedModelType.decode(message) as unknown as SavedModelProto;
}

function toMetaGraph({ metaInfoDef, signatureDef, assetFileDef }: MetaGraphDef): MetaGraph {
  const signatures = new Map<string, Signature>();
  const unsupported = new Map<string, string>();
  const defaults = new Map<string, ReadonlyMap<string, Tensor>>();
  for (const [name, definition] of Object.entries(signatureDef)) {
    if (name === INIT_OP || name === TRAIN_OP) continue;
    try {
      defaults.set(name, toDefaults(definition));
      signatures.set(name, toSignature(definition));
    } catch (error) {
      unsupported.set(name, messageOf(error));
    }
  }
  return {
    tags: metaInfoDef?.tags ?? [],
    tensorflowVersion: metaInfoDef?.tensorflowVersion ?? "",
    signatures,
    unsupported,
    defaults,
    assets: assetFileDef.map(({ filename }) => filename),
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
