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
 * Options for `createModelServer`: the options of `@serving-kit/server`, of TF Serving's protocol and of the built-in
 * observers. Platforms, protocols and observers are added to the built-in ones.
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
  /** Platforms in addition to the built-in ones; these are tried first. Default none. */
  readonly platforms?: readonly Platform[] | undefined;
}

/**
 * Creates a model server with the built-in platforms, TF Serving's protocol and the observers enabled in the options.
 * Resolves when its start-up policy is met. Opens no port until `server.listen()`.
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
    // A number is enough, because other event loops can load the built-in platforms themselves.
    ...(typeof threads === "number" && { threads: threadsOf(threads) }),
  });
}

/**
 * Options for event loops that load the built-in platforms and the platforms of `plugins` themselves.
 */
export function threadsOf(count: number, plugins: readonly string[] = []): ThreadsOptions {
  const platforms = threadModule();
  for (const name of plugins) platforms.searchParams.append("plugin", name);
  return { count, platforms, ...(canReusePort && { reusePortSocket }) };
}
