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
const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
process.on("message", () => process.send?.(process.cpuUsage()));
process.send?.(port);
