import { createModelServer } from "serving-kit";

// A server of the model `argv[2]`, with its cache in `argv[3]`. It polls when its parent says so, and ends with it.
const [, , basePath = "", dir = ""] = process.argv;
const server = await createModelServer({
  models: [{ name: "digits", basePath }],
  modelCache: { dir },
});
const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
process.on("message", () => void server.poll());
process.once("disconnect", () => void server.close().then(() => process.exit()));
process.send?.({ port });
