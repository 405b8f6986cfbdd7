import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createModelServer } from "serving-kit";

// A child process that serves a model over REST with default settings until its parent ends: by the kit of the checkout
// in which this file lies. It sends its port, and its CPU time when it gets any message.
const [, , batching = "", , name = "", path = ""] = process.argv;

const settings = { auto: "auto", on: true, off: false } as const;
const server = await createModelServer({
  models: [{ name, basePath: path }],
  // Commits before have no "auto".
  batching: settings[batching as keyof typeof settings] as boolean,
});
process.once("disconnect", () => process.exit());
const http = createServer((request, response) => server.rest(request, response));
await once(http.listen(0, "127.0.0.1"), "listening");
process.on("message", () => process.send?.(process.cpuUsage()));
process.send?.((http.address() as AddressInfo).port);
