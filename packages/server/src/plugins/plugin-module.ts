import { errors } from "../errors.js";

/**
 * The module that event loops in worker threads import a plugin from: a plugin itself cannot be posted to
 * another thread.
 */
export interface PluginModule {
  /** The URL of an ES module. */
  readonly url: string | URL;
  /** The name of the export: the plugin, or a function that returns it. Default `default`. */
  readonly exportName?: string;
  /** The argument of that function. Must survive `structuredClone`. Default undefined. */
  readonly options?: unknown;
}

/** A part of a server that a package or an app brings. */
export interface Plugin {
  /** Unique among the plugins of its kind in one server. */
  readonly name: string;
  /** Required if the server has several event loops (`threads`). */
  readonly module?: PluginModule | undefined;
}

/**
 * Imports a plugin from its module.
 *
 * @throws ServingError INVALID_ARGUMENT / PLUGIN_UNFIT if there is no such export or it has no name.
 */
export async function importPlugin<P extends Plugin>(module: PluginModule): Promise<P> {
  const { url, exportName = "default", options } = module;
  const exports = (await import(String(url))) as Record<string, unknown>;
  const exported = Object.hasOwn(exports, exportName) ? exports[exportName] : undefined;
  const plugin: unknown = typeof exported === "function" ? await exported(options) : exported;
  const { name } = (plugin ?? {}) as Partial<P>;
  if (typeof name === "string") return plugin as P;
  throw errors.pluginUnfit(String(url), exportName, exported);
}

/**
 * The modules of plugins, for other event loops.
 *
 * @throws ServingError INVALID_ARGUMENT / PLUGIN_NOT_SHARED if a plugin has no module.
 */
export function modulesOf(kind: string, plugins: readonly Plugin[]): readonly PluginModule[] {
  return plugins.map(({ name, module }) => {
    if (module === undefined) throw errors.pluginNotShared(kind, name);
    return { ...module, url: String(module.url) };
  });
}
