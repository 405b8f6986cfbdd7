import { access } from "node:fs/promises";
import { basename, dirname, extname, resolve } from "node:path";
import { isRemoteUri } from "./fetch-model.js";

/** A model that the first argument of a command line names by its place. */
export interface ServedPath {
  readonly name: string;
  readonly basePath: string;
}

/**
 * The model at a path that exists or at a URI; undefined for any other word. Its name is the last part of the path
 * that is not the number of a version, without the extension of a file.
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

/** Whether a word can only be a path, so that one that does not exist is not a mistyped command. */
export const isPathLike = (word: string): boolean => /[/\\.]/.test(word);

function nameOf(path: string): string {
  const last = basename(path);
  const parent = dirname(path);
  if (/^\d+$/.test(last) && parent !== path) return nameOf(parent);
  const extension = extname(last);
  // A folder such as model.v2 keeps its whole name: extensions of model files have letters only.
  return (/^\.[a-z]+$/i.test(extension) ? basename(last, extension) : last) || "default";
}
