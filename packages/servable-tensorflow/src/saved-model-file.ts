import { join } from "node:path";
import { messageOf } from "@serving-kit/core";
import { readFileOf } from "@serving-kit/inference";
import { parseText } from "@serving-kit/tensorflow-wire";
import { errors } from "./errors.js";
import type { MetaGraphDef, SavedModelProto } from "./proto/messages.js";
import { pruneText } from "./proto/prune-text.js";
import { savedModelTextType, savedModelType } from "./proto/schema.js";
import { findFile } from "./saved-model-folder.js";

/**
 * Reads the file of a SavedModel and returns the result of `of` for its graphs, which keep the whole file in memory.
 *
 * @throws ServingError NOT_FOUND / SAVED_MODEL_MISSING if the folder has no `saved_model.pb` or
 * `saved_model.pbtxt`; DATA_LOSS / SAVED_MODEL_INVALID if that file cannot be read or `of` throws.
 */
export async function readMetaGraphs<T>(
  path: string,
  of: (graphs: readonly MetaGraphDef[]) => T,
): Promise<T> {
  const file = await findFile(path);
  if (file === undefined) throw errors.savedModelMissing(path);
  try {
    const { metaGraphs } = decode(file, await readFileOf(join(path, file)));
    if (metaGraphs.length === 0) throw new Error("it holds no graph");
    return of(metaGraphs);
  } catch (error) {
    throw errors.savedModelInvalid(path, `${file}: ${messageOf(error)}`, error);
  }
}

function decode(file: string, bytes: Uint8Array): SavedModelProto {
  if (file === "saved_model.pb") return savedModelType.decode(bytes) as unknown as SavedModelProto;
  const text = pruneText(new TextDecoder().decode(bytes), savedModelTextType);
  // Text parsing leaves unnamed fields absent; encoding and decoding the message fills in defaults.
  const message = parseText(savedModelTextType, text);
  const wire = savedModelTextType.encode(message).finish();
  return savedModelType.decode(wire) as unknown as SavedModelProto;
}
