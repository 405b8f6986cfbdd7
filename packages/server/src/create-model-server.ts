import { check } from "./config/check-options.js";
import { optionsSchema } from "./config/options-schema.js";
import { limitSettings } from "./limits/server-limits.js";
import type { ModelServer, ModelServerOptions } from "./model-server.js";
import { checkPlatforms, type Known, modelsOf } from "./models/model-places.js";
import { RunningServer, type RunningServerOptions } from "./running-server.js";
import { makeThreads } from "./threads/threads.js";

/**
 * Makes a model server and resolves when its start-up policy is met.
 *
 * ```ts
 * const server = await createModelServer({
 *   platforms: [tflite()],
 *   protocols: [tensorflowServing()],
 *   models: { digits: "models/digits" },
 * });
 * const { probabilities } = await server.predict("digits", { image: pixels });
 * app.use(server.rest);
 * ```
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID with the option, what was expected and what
 * was given; FAILED_PRECONDITION / START_UP_FAILED with every model's error,
 * THREADS_NOT_STARTED for `threads`; INVALID_ARGUMENT / ROUTES_CLASH, PLUGIN_TWICE or PLUGIN_NOT_SHARED for the
 * plugins; UNAVAILABLE / SERVER_CLOSING when `beforeStart`'s
 * server was closed meanwhile; what `beforeStart` rejects with. Then nothing is left behind.
 */
export async function createModelServer<M>(
  given: ModelServerOptions<M>,
): Promise<ModelServer<Known<M>>> {
  const options = withModelList(given);
  check(optionsSchema, options, "");
  checkPlatforms(options.platforms);
  const settings = { limitSettings: limitSettings(options.limits) };
  const threads = makeThreads({ ...options, ...settings });
  let server: RunningServer | undefined;
  try {
    server = new RunningServer({ ...options, ...settings }, threads);
    await server.start(options);
  } catch (error) {
    await (server ?? threads)?.close();
    throw error;
  }
  return server as unknown as ModelServer<Known<M>>;
}

/** The options with the models as a list. What is not an object is for the check to refuse. */
function withModelList<M>(given: ModelServerOptions<M>): RunningServerOptions {
  if (typeof given !== "object" || given === null) return given;
  const { models: places, ...others } = given;
  const models = modelsOf(places);
  return { ...others, ...(models !== undefined && { models }) };
}
