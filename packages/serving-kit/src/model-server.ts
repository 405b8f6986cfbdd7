import type { Platform } from "@serving-kit/inference";
import { canReusePort, reusePortSocket } from "@serving-kit/native-library";
import { type ObservabilityOptions, observability } from "@serving-kit/observability";
import {
  type TensorflowServingOptions,
  tensorflowServing,
} from "@serving-kit/protocol-tensorflow-serving";
import {
  createModelServer as createServer,
  type ModelServer,
  type ModelServerOptions as ServerOptions,
  type ThreadsOptions,
} from "@serving-kit/server";
import { builtInPlatforms, builtIns } from "./built-ins.js";
import { loadSources } from "./source-rows.js";

/**
 * Options for `createModelServer`: those of `@serving-kit/server`, of TF Serving's protocol and of the observers.
 * Platforms, protocols and observers are in addition to the built-in ones.
 */
export interface ModelServerOptions
  extends Omit<ServerOptions, "platforms">,
    ObservabilityOptions,
    TensorflowServingOptions {
  /** Kinds of model in addition to the built-in ones; they are asked first. Default none. */
  readonly platforms?: readonly Platform[];
}

/**
 * Makes a model server with the built-in platforms, TF Serving's protocol and the observers that the options ask
 * for, and resolves when its start-up policy is met. Nothing listens until `server.listen()`.
 *
 * @throws as `createModelServer` of `@serving-kit/server` does; FAILED_PRECONDITION / OPEN_TELEMETRY_MISSING for
 * `tracing: true`.
 */
export async function createModelServer(options: ModelServerOptions = {}): Promise<ModelServer> {
  const { platforms = [], sourceProviders = [], threads } = options;
  return createServer({
    ...(await withBuiltInPlugins(options)),
    platforms: Array.isArray(platforms) ? [...platforms, ...(await builtInPlatforms())] : platforms,
    sourceProviders: Array.isArray(sourceProviders)
      ? [...sourceProviders, ...(await loadSources(builtIns.sourceProviders))]
      : sourceProviders,
    // A number is enough: event loops of their own can run models of the built-in platforms.
    ...(typeof threads === "number" && { threads: threadsOf(threads) }),
  });
}

/** The options of a server with the built-in protocol and observers in place of their options. */
export async function withBuiltInPlugins(
  options: Omit<ModelServerOptions, "platforms">,
): Promise<Omit<ServerOptions, "platforms">> {
  const { metrics, requestLog, tracing, ...others } = options;
  const { signatureMethodNameCheck, serializeAsTensorContent, ...rest } = others;
  const { protocols = [], observers = [] } = options;
  const builtIn = tensorflowServing({ signatureMethodNameCheck, serializeAsTensorContent });
  return {
    ...rest,
    protocols: Array.isArray(protocols) ? [builtIn, ...protocols] : protocols,
    observers: Array.isArray(observers)
      ? [await observability({ metrics, requestLog, tracing }), ...observers]
      : observers,
  };
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
