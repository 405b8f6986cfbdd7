import { BroadcastChannel, isMainThread } from "node:worker_threads";
import type { Protocol } from "../../packages/server/src/index.js";
import { collectHere } from "./collect-here.js";

// Imported by each event loop of the victim, as a protocol without routes: collects garbage in the threads of loops
// when `collector.ts` requests it.
if (!isMainThread) {
  const main = new BroadcastChannel("attack-collector");
  main.onmessage = async (message) => {
    const { data } = message as MessageEvent;
    if (data === "collect") main.postMessage(await collectHere());
  };
  main.unref();
  main.postMessage("hello");
}

export const protocols: Protocol = {
  name: "loop-collector",
  apis: [],
  http: () => [],
  module: { url: import.meta.url, exportName: "protocols" },
};
