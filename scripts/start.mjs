import { ensureInstalled } from "./install.mjs";

// `npm start`: what is missing is installed, then the model server runs from source in this process.
// Arguments are flags of the command: `npm start -- --rest_api_port=9000`. In package.json the script
// begins with `exec`, so that no shell stands between npm and this process: a shell would die of
// Ctrl-C before the server has drained.
await ensureInstalled().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
const { register } = await import("tsx/esm/api");
register();
await import("./serve-digits.ts");
