import { ensureInstalled } from "./install.mjs";

// `npm run serving-kit -- <arguments>`: the command, from source, in this process. What is missing is installed
// first.
await ensureInstalled().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
const { register } = await import("tsx/esm/api");
register();
await import("../packages/serving-kit/src/bin.ts");
