// @ts-nocheck Not yet in TypeScript.
import { BroadcastChannel, isMainThread } from "node:worker_threads";
import { collectHere } from "./collect-here.mjs";

// Imported by each event loop of the victim, as a protocol without routes: collects garbage in the threads of loops
// when `collector.mjs` says so.
if (!isMainThread) {
  const main = new BroadcastChannel("attack-collector");
  main.onmessage = async ({ data }) => {
    if (data === "collect") main.postMessage(await collectHere());
  };
  main.unref();
  main.postMessage("hello");
}

export const protocols = {
  name: "loop-collector",
  apis: [],
  http: () => [],
  module: { url: import.meta.url, exportName: "protocols" },
};
