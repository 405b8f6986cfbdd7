import type { Platform } from "@serving-kit/inference";
import { canReusePort, reusePortSocket } from "@serving-kit/native-library";
import {
  createModelServer as createServer,
  type ModelServer,
  type ModelServerOptions as ServerOptions,
  type ThreadsOptions,
} from "@serving-kit/server";
import { builtInPlatforms } from "./built-ins.js";

/** What `createModelServer` takes: the options of `@serving-kit/server`, platforms being optional. */
export interface ModelServerOptions extends Omit<ServerOptions, "platforms"> {
  /** Kinds of model beside the built-in ones; they are asked first. Default none. */
  readonly platforms?: readonly Platform[];
}

/**
 * Makes a model server with the built-in platforms, and resolves when its start-up policy is met.
 * Nothing listens until `server.listen()`.
 *
 * @throws as `createModelServer` of `@serving-kit/server` does.
 */
export async function createModelServer(options: ModelServerOptions = {}): Promise<ModelServer> {
  const { platforms = [], threads } = options;
  return createServer({
    ...options,
    platforms: Array.isArray(platforms) ? [...platforms, ...(await builtInPlatforms())] : platforms,
    // A number is enough: event loops of their own can run models of the built-in platforms.
    ...(typeof threads === "number" && { threads: threadsOf(threads) }),
  });
}

/**
 * The options of event loops that run models of the built-in platforms, and of those of the `plugins`, themselves.
 */
export function threadsOf(count: number, plugins: readonly string[] = []): ThreadsOptions {
  // The module is next to this one, in the sources as in `dist`.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const platforms = new URL(`./thread-platforms.${extension}`, import.meta.url);
  for (const name of plugins) platforms.searchParams.append("plugin", name);
  return { count, platforms, ...(canReusePort && { reusePortSocket }) };
}
