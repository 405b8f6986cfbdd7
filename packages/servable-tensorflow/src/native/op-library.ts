import { resolve } from "node:path";
import { callOnThread } from "@serving-kit/native-library";
import { errors } from "../errors.js";
import { findOpLibraries } from "../op-libraries.js";
import type { TensorFlow } from "./library.js";
import { giveStatus, takeStatus } from "./status.js";

const loaded = new Map<string, Promise<void>>();

/**
 * Loads a library of custom ops, once. Its ops stay registered for the lifetime of the process.
 *
 * @throws ServingError OP_LIBRARY_FAILED with TensorFlow's code and message.
 */
export async function loadOpLibrary(tensorflow: TensorFlow, path: string): Promise<void> {
  const file = resolve(path);
  let loading = loaded.get(file);
  if (loading === undefined) {
    loading = load(tensorflow, file);
    loaded.set(file, loading);
    loading.catch(() => loaded.delete(file));
  }
  return loading;
}

/**
 * Loads the op libraries of installed packages that are not loaded yet, except those that do not fit the open
 * TensorFlow. Returns whether it found any.
 */
export async function loadFoundOpLibraries(tensorflow: TensorFlow): Promise<boolean> {
  const packages = await findOpLibraries();
  const files = packages.flatMap(({ libraries }) => libraries).filter((file) => !loaded.has(file));
  const results = await Promise.allSettled(files.map((file) => loadOpLibrary(tensorflow, file)));
  return results.some(({ status }) => status === "fulfilled");
}

async function load({ bindings }: TensorFlow, file: string): Promise<void> {
  const status = takeStatus(bindings);
  try {
    await callOnThread(bindings.loadOpLibrary, file, status.pointer);
    if (!status.isOk) throw errors.opLibraryFailed(file, status.code, status.message);
  } finally {
    giveStatus(bindings, status);
  }
}
