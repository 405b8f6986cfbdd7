import { readJson } from "./document/json.js";
import { readUbjson } from "./document/ubjson.js";
import type { FileKind } from "./file-kind.js";
import { readModel as readLightgbm } from "./lightgbm/read-model.js";
import type { ReadOptions, TreeModel } from "./tree-model.js";
import { readModel as readXgboost } from "./xgboost/read-model.js";

/** Parses the bytes of a model file. Yields now and then, but not while JSON is parsed. */
export function* parseModel(
  bytes: Uint8Array,
  { format }: FileKind,
  options: ReadOptions,
): Generator<void, TreeModel> {
  if (format === "text") return yield* readLightgbm(bytes);
  const document = format === "json" ? readJson(bytes) : yield* readUbjson(bytes);
  return yield* readXgboost(document, bytes.length, options);
}
