import { ensureInstalled } from "./install.mjs";

// `npm run test:real-models`: real .tflite files against Python's LiteRT, see
// packages/servable-tflite/test/real-models/README.md.
await ensureInstalled();
const { register } = await import("tsx/esm/api");
register();
await import("../packages/servable-tflite/test/real-models/run.ts");
