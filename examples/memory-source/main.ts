import { readFile } from "node:fs/promises";
import { formatServableId } from "@serving-kit/core";
import { createModelServer } from "serving-kit";
import { memoryProvider } from "./memory-source.js";
import { MemoryStorage } from "./memory-storage.js";

const storage = new MemoryStorage({ fetchMs: 200 });
const model = await readFile(`${import.meta.dirname}/../models/digits/1/model.tflite`);
storage.publish("memory://digits", 1n, { "model.tflite": model });

const server = await createModelServer({
  sourceProviders: [memoryProvider(storage)],
  models: [{ name: "digits", basePath: "memory://digits" }],
});
server.manager.events.subscribe((event) => {
  if (event.kind === "state") console.log(`${formatServableId(event.id)} ${event.state}`);
});

storage.publish("memory://digits", 2n, { "model.tflite": model });
await server.manager.available({ name: "digits", version: 2 });
await server.close();
console.log(`${storage.copies} local copies are left`);
