import type { Platform } from "@serving-kit/inference";
import { tensorflow } from "@serving-kit/servable-tensorflow";
import { tflite } from "@serving-kit/servable-tflite";
import {
  createModelServer as createServer,
  type ModelServer,
  type ModelServerOptions as ServerOptions,
} from "@serving-kit/server";

/** What `createModelServer` takes: the options of `@serving-kit/server`, platforms being optional. */
export interface ModelServerOptions extends Omit<ServerOptions, "platforms"> {
  /** Kinds of model beside the built-in ones; they are asked first. Default none. */
  readonly platforms?: readonly Platform[];
}

/**
 * The kinds of model that are always known, `tflite` and `tensorflow`. Their libraries are looked for
 * when the first model of the kind is loaded.
 */
export const builtInPlatforms = (): readonly Platform[] => [tflite(), tensorflow()];

/**
 * Makes a model server with the built-in platforms, and resolves when its start-up policy is met.
 * Nothing listens until `server.listen()`.
 *
 * @throws as `createModelServer` of `@serving-kit/server` does.
 */
export function createModelServer(options: ModelServerOptions): Promise<ModelServer> {
  return createServer({
    ...options,
    platforms: [...(options.platforms ?? []), ...builtInPlatforms()],
  });
}
