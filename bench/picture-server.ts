// A child process that serves MobileNet behind image(), or an echo of bytes, over REST until its parent goes. It sends its
// port, and its CPU time when it gets any message.
import { fileURLToPath } from "node:url";
import { createModelServer, defineModel, spec } from "serving-kit";
import sharp from "sharp";
import { cpuMs } from "./measure.js";

sharp.concurrency(1);
const echo = defineModel({
  inputs: { image: spec.string([-1]) },
  outputs: { bytes: spec.int32([-1]) },
  batchable: true,
  predict: ({ image }) => ({ bytes: image.data.map(({ length }) => length) }),
});
const basePath = fileURLToPath(new URL("../examples/models/mobilenet", import.meta.url));
const processing = { before: [{ image: { preset: "mobilenet", resize: "pillow-bilinear" } }] };
const photos = { basePath, processing } as const;
const server = await createModelServer({ models: { echo, photos }, settleMs: 0 });
process.on("message", () => process.send?.({ cpuMs: cpuMs() }));
process.once("disconnect", () => process.exit());
const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
process.send?.({ port });
