import { readFile } from "node:fs/promises";
import { memoryProvider } from "./memory-source.js";
import { MemoryStorage } from "./memory-storage.js";

/**
 * The plugin export of this module: `serving-kit --plugins=examples/memory-source/plugin.ts
 * --model_base_path=memory://digits` serves the digits model from memory, after a fetch of half a second.
 */
export async function sourceProviders() {
  const storage = new MemoryStorage();
  const model = await readFile(`${import.meta.dirname}/../models/digits/1/model.tflite`);
  storage.publish("memory://digits", 1n, { "model.tflite": model });
  return memoryProvider(storage);
}
