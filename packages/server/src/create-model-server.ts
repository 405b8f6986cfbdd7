import { check } from "./config/check-options.js";
import { optionsSchema } from "./config/options-schema.js";
import type { ModelServer, ModelServerOptions } from "./model-server.js";
import { RunningServer } from "./running-server.js";
import { startThreads } from "./threads/threads.js";

/**
 * Makes a model server and resolves when its start-up policy is met.
 *
 * ```ts
 * const server = await createModelServer({
 *   platforms: [tflite()],
 *   protocols: [tensorflowServing()],
 *   models: [{ name: "digits", basePath: "./models/digits" }],
 * });
 * app.use(server.rest);
 * ```
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID with the option, what was expected and what
 * was given; FAILED_PRECONDITION / START_UP_FAILED with every model's error,
 * THREADS_NOT_STARTED for `threads`; INVALID_ARGUMENT / ROUTES_CLASH, PLUGIN_TWICE or PLUGIN_NOT_SHARED for the
 * plugins; UNAVAILABLE / SERVER_CLOSING when `beforeStart`'s
 * server was closed meanwhile; what `beforeStart` rejects with. Then nothing is left behind.
 */
export async function createModelServer(options: ModelServerOptions): Promise<ModelServer> {
  check(optionsSchema, options, "");
  const threads = await startThreads(options);
  let server: RunningServer | undefined;
  try {
    server = new RunningServer(options, threads);
    await server.start(options);
  } catch (error) {
    await (server ?? threads)?.close();
    throw error;
  }
  return server;
}
