import type { Platform } from "@serving-kit/inference";
import { canReusePort, reusePortSocket } from "@serving-kit/native-library";
import type {
  Known,
  ModelServer,
  ModelServerOptions as ServerOptions,
  ThreadsOptions,
} from "@serving-kit/server";
import { createModelServer as createServer } from "@serving-kit/server/lazy";
import { builtInPlatforms, builtIns } from "./built-ins.js";
import { threadModule } from "./plugins.js";
import { type BuiltInOptions, withServerPlugins } from "./server-plugins.js";

/**
 * Options for `createModelServer`: those of `@serving-kit/server`, of TF Serving's protocol and of the observers.
 * Platforms, protocols and observers are in addition to the built-in ones.
 *
 * @example
 * ```ts
 * const options: ModelServerOptions = {
 *   models: [{ name: "digits", basePath: "models/digits" }],
 *   batching: true,
 *   metrics: {},
 *   startUpPolicy: "all",
 * };
 * ```
 */
export interface ModelServerOptions<M = unknown>
  extends Omit<ServerOptions<M>, "platforms">,
    BuiltInOptions {
  /** Kinds of model in addition to the built-in ones; they are asked first. Default none. */
  readonly platforms?: readonly Platform[] | undefined;
}

/**
 * Makes a model server with the built-in platforms, TF Serving's protocol and the observers that the options ask
 * for, and resolves when its start-up policy is met. Nothing listens until `server.listen()`.
 *
 * @throws as `createModelServer` of `@serving-kit/server` does; FAILED_PRECONDITION / OPEN_TELEMETRY_MISSING for
 * `tracing: true`.
 *
 * @example
 * ```ts
 * const models = await createModelServer({ models: { digits: "models/digits" } });
 * const { probabilities } = await models.predict("digits", { image: pixels });
 * await models.listen({ port: 8501 });
 * ```
 */
export async function createModelServer<M>(
  options: ModelServerOptions<M> = {},
): Promise<ModelServer<Known<M>>> {
  const { platforms = [], threads } = options;
  return createServer<M>({
    ...(await withServerPlugins(options, builtIns)),
    platforms: Array.isArray(platforms) ? [...platforms, ...(await builtInPlatforms())] : platforms,
    // A number is enough: event loops of their own can run models of the built-in platforms.
    ...(typeof threads === "number" && { threads: threadsOf(threads) }),
  });
}

/**
 * The options of event loops that run models of the built-in platforms, and of those of the `plugins`, themselves.
 */
export function threadsOf(count: number, plugins: readonly string[] = []): ThreadsOptions {
  const platforms = threadModule();
  for (const name of plugins) platforms.searchParams.append("plugin", name);
  return { count, platforms, ...(canReusePort && { reusePortSocket }) };
}
