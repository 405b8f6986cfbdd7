import {
  COMPLETE,
  type Completeness,
  incomplete,
  inSlices,
  isServingError,
  messageOf,
} from "@serving-kit/core";
import { explainMissingModel, gatedFiles, HANDOVER_BYTES, openFile } from "@serving-kit/inference";
import { JsonEnd } from "./document/json.js";
import { walkUbjson } from "./document/ubjson.js";
import { DocumentError } from "./document/value.js";
import type { FileKind } from "./file-kind.js";
import { findModel, type ModelFile } from "./find-model.js";
import { readToCheck, SLICE_MS } from "./read-model.js";
import type { Library } from "./tree-model.js";

/**
 * Returns whether the model file of a library at a path can be read from start to end. Unsupported features of the file
 * are reported by the load.
 */
export async function modelCompleteness(library: Library, path: string): Promise<Completeness> {
  let file: ModelFile;
  try {
    file = await findModel(library, path);
  } catch (error) {
    const isMissing = isServingError(error) && error.reason === "MODEL_FILE_MISSING";
    if (!isMissing) throw error;
    const { problem, remedy } = error.details as { problem: string; remedy?: string };
    return remedy === undefined ? explainMissingModel(path, problem) : incomplete(problem, remedy);
  }
  const problem = await problemOf(file);
  return problem === undefined
    ? COMPLETE
    : incomplete(`${file.path} is truncated or damaged: ${problem}`);
}

async function problemOf({ path, kind: { format } }: ModelFile): Promise<string | undefined> {
  if (format === "binary") return undefined; // of another version: the load refuses it
  const { size } = await gatedFiles.stat(path);
  if (format === "json" && size > HANDOVER_BYTES) return largeJsonProblem(path);
  return inSlices(problemIn(await readToCheck(path), format), undefined, SLICE_MS);
}

/** Returns the reason why bytes are not a complete file of a format; undefined if they are. */
export function* problemIn(
  bytes: Uint8Array,
  format: Exclude<FileKind["format"], "binary">,
): Generator<void, string | undefined> {
  if (format === "json") return yield* jsonProblem(bytes);
  if (format === "text") return textProblem(textOf(bytes));
  try {
    yield* walkUbjson(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof DocumentError) return messageOf(error);
    throw error;
  }
}

async function largeJsonProblem(path: string): Promise<string | undefined> {
  const end = new JsonEnd();
  const file = await openFile(path);
  for await (const chunk of file.createReadStream()) end.push(chunk as Uint8Array);
  return problemOfJson(end);
}

const CHUNK_BYTES = 2 ** 16;

function* jsonProblem(bytes: Uint8Array): Generator<void, string | undefined> {
  const end = new JsonEnd();
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
    end.push(bytes.subarray(from, from + CHUNK_BYTES));
    yield;
  }
  return problemOfJson(end);
}

const problemOfJson = ({ isComplete }: JsonEnd) =>
  isComplete ? undefined : "its JSON does not end";

const textOf = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString("latin1");

const TREE_SIZES = /\ntree_sizes=([\d ]*)\r?\n/;

/** The header has the size of each tree; the trees, and the parameters after them, have end markers. */
function textProblem(text: string): string | undefined {
  const sizes = TREE_SIZES.exec(text);
  if (sizes === null) return "it has no line tree_sizes";
  const start = text.indexOf("\nTree=", sizes.index);
  const total = (sizes[1] as string).split(" ").reduce((sum, size) => sum + Number(size), 0);
  const end = text.indexOf("\nend of trees");
  if (end === -1) return 'it has no line "end of trees"';
  if (total > 0 && (start === -1 || end - start < total)) {
    return `expected ${total} bytes of trees; got ${Math.max(0, end - start)}`;
  }
  if (text.indexOf("\nend of parameters", end) === -1) {
    return 'it has no line "end of parameters"';
  }
  return text.endsWith("\n") ? undefined : "its last line does not end";
}
