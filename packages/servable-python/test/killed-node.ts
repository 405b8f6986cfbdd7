import { join } from "node:path";
import { isMainThread, workerData } from "node:worker_threads";
import { SERVING_JSON } from "@serving-kit/inference";
import { python } from "../src/python.js";

// A program, or a thread of a test, that a test kills while its worker does what the first argument says.
const [action = "", file = "", interpreter = ""] = isMainThread
  ? process.argv.slice(2)
  : workerData;
const id = { name: "m", version: 1n };
const folder = join(import.meta.dirname, "modules");
const platform = python(interpreter === "" ? {} : { interpreter });
const module = {
  modulePath: join(folder, "crashes.py"),
  exportName: "load_servable",
  basePath: folder,
};
const loader = platform.code?.loader(module, { path: folder }, id);
const model = await loader?.load({ id, signal: new AbortController().signal });
await model?.respond?.(Buffer.from(JSON.stringify({ do: action, file })), SERVING_JSON);
// Stays, with an idle worker, until it is killed.
await new Promise((resolve) => new MessageChannel().port1.once("message", resolve));
