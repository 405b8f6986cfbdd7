import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findPython, runPython } from "../packages/servable-tflite/test/real-models/python.js";

const cache = fileURLToPath(new URL("../.cache/real-models", import.meta.url));
const models = join(cache, "models");

/** Paths of files of the list of real models, which are collected or converted the first time. */
export function realModels(names: readonly string[]): Map<string, string> {
  const pathOf = (name: string) => join(models, `${name}.tflite`);
  const missing = names.filter((name) => !existsSync(pathOf(name)));
  if (missing.length > 0) runPython(findPython(cache), "collect.py", [models, ...missing]);
  const there = names.filter((name) => existsSync(pathOf(name)));
  return new Map(there.map((name) => [name, pathOf(name)]));
}
