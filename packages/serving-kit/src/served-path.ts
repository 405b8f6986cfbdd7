import { access } from "node:fs/promises";
import { basename, dirname, extname, resolve } from "node:path";
import { isRemoteUri } from "./fetch-model.js";

/** A model named by its path in the first argument of a command line. */
export interface ServedPath {
  readonly name: string;
  readonly basePath: string;
}

/**
 * Returns the model at an existing path or a URI; undefined for any other word. The model's name is the last part of
 * the path that is not a version number, without a file extension.
 */
export async function servedPath(word: string): Promise<ServedPath | undefined> {
  if (isRemoteUri(word)) return { name: nameOf(word.replace(/[?#].*$/s, "")), basePath: word };
  const basePath = resolve(word);
  const exists = await access(basePath).then(
    () => true,
    () => false,
  );
  return exists ? { name: nameOf(basePath), basePath } : undefined;
}

/** Returns whether a word must be a path. If such a path does not exist, it is not a mistyped command. */
export const isPathLike = (word: string): boolean => /[/\\.]/.test(word);

function nameOf(path: string): string {
  const last = basename(path);
  const parent = dirname(path);
  if (/^\d+$/.test(last) && parent !== path) return nameOf(parent);
  const extension = extname(last);
  // A folder such as model.v2 keeps its whole name: extensions of model files contain only letters.
  return (/^\.[a-z]+$/i.test(extension) ? basename(last, extension) : last) || "default";
}
