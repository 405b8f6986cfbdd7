import { once } from "node:events";
import { Worker } from "node:worker_threads";

// A program whose thread loads a model. The thread is ended when stdin gets a line; then the program stays.
const program = new URL("killed-node.ts", import.meta.url).href;
// In threads of Node 20, tsx has to be registered.
const code = `import("tsx/esm/api").then(({ register }) => {
  register();
  return import(${JSON.stringify(program)});
});`;
const thread = new Worker(code, { eval: true, workerData: process.argv.slice(2) });
await once(process.stdin, "data");
await thread.terminate();
process.stdout.write("ended\n");
