import { join } from "node:path";
import { createModelServer } from "serving-kit";

/**
 * The model server, created by the first request: `next build` imports the routes too. In development Next
 * evaluates a changed module again, so the server is kept on `globalThis`. If it cannot start, the next request
 * tries again.
 */
export function modelServer() {
  globalThis.modelServer ??= createModelServer({
    models: [{ name: "digits", basePath: join(process.cwd(), "models/digits") }],
  }).catch((error) => {
    globalThis.modelServer = undefined;
    throw error;
  });
  return globalThis.modelServer;
}
