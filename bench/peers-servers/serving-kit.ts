import { createModelServer } from "serving-kit";

// A model with default settings over REST. Arguments: the folder with its versions.
const [, , basePath = ""] = process.argv;
const server = await createModelServer({ models: [{ name: "digits", basePath }] });
const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
process.stdout.write(`${port}\n`);
