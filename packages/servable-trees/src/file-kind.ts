import { openFile } from "@serving-kit/inference";
import type { Library } from "./tree-model.js";

/** The kind of a file, detected from its first bytes. */
export interface FileKind {
  readonly library: Library;
  /** `binary` is XGBoost's old format; `pickle` is a pickle or joblib file of its Python classes. */
  readonly format: "ubj" | "json" | "text" | "binary";
}

/** Number of bytes that are read to detect the kind of a file. */
const HEAD_BYTES = 512;

const UBJSON = Buffer.from("{L\0\0\0\0\0\0\0\x07learner", "latin1");
/** The members of the document may be in any order; the version is short. */
const JSON_HEAD = /^\s*\{\s*(?:"version"\s*:\s*\[[\d\s,]*\]\s*,\s*)?"learner"\s*:\s*\{/;
const LIGHTGBM = /^tree\r?\nversion=/;
/** The old format starts with parameters of 136 bytes; the name of the objective and its length follow. */
const OLD_NAME_AT = 136;
const OLD_NAME = /^[a-z]+:[a-z]+/;

/** Returns the kind of a file by its content; undefined for any other file, or if it cannot be read. */
export async function fileKind(path: string): Promise<FileKind | undefined> {
  const head = await headOf(path);
  if (head === undefined) return undefined;
  if (head.subarray(0, UBJSON.length).equals(UBJSON)) return { library: "xgboost", format: "ubj" };
  const text = head.toString("latin1");
  if (JSON_HEAD.test(text)) return { library: "xgboost", format: "json" };
  if (LIGHTGBM.test(text)) return { library: "lightgbm", format: "text" };
  return isOldBinary(head) ? { library: "xgboost", format: "binary" } : undefined;
}

/** Returns whether it is XGBoost's binary format, with or without the leading mark `binf`. */
function isOldBinary(head: Buffer): boolean {
  const start = head.toString("latin1", 0, 4) === "binf" ? 4 : 0;
  const at = start + OLD_NAME_AT;
  if (head.length < at + 8) return false;
  const length = Number(head.readBigUInt64LE(at));
  if (length < 4 || length > 64) return false;
  return OLD_NAME.test(head.toString("latin1", at + 8, at + 8 + length));
}

async function headOf(path: string): Promise<Buffer | undefined> {
  try {
    const file = await openFile(path);
    try {
      if (!(await file.stat()).isFile()) return undefined;
      const { bytesRead, buffer } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
