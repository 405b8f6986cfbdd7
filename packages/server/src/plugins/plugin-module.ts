import { errors } from "../errors.js";

/**
 * The module from which event loops in worker threads import a plugin, because a plugin cannot be posted to another
 * thread.
 */
export interface PluginModule {
  /** The URL of an ES module. */
  readonly url: string | URL;
  /**
   * The name of the export: the plugin, an array that contains it, or a function that returns either or a promise of
   * either. Default `default`.
   */
  readonly exportName?: string;
  /** The argument of that function. Must survive `structuredClone`. Default undefined. */
  readonly options?: unknown;
}

/**
 * A server component that a package or an app provides.
 *
 * - PL1 If `module` is set, the module exports the plugin: an event loop finds a plugin of the same name there, created
 *   from options that survived `structuredClone`.
 */
export interface Plugin {
  /** Unique among the plugins of its kind in one server. */
  readonly name: string;
  /** Required if the server has several event loops (`threads`). */
  readonly module?: PluginModule | undefined;
}

/** The module of a plugin, for other event loops. */
export interface SharedPlugin extends PluginModule {
  /** The name of the plugin. */
  readonly name: string;
}

/**
 * Imports a plugin from its module.
 *
 * @throws ServingError INVALID_ARGUMENT / PLUGIN_UNFIT if the export does not exist or has no plugin of this name.
 */
export async function importPlugin<P extends Plugin>(plugin: SharedPlugin): Promise<P> {
  const { url, exportName = "default", options, name } = plugin;
  const exports = (await import(String(url))) as Record<string, unknown>;
  const exported = Object.hasOwn(exports, exportName) ? exports[exportName] : undefined;
  const made: unknown = typeof exported === "function" ? await exported(options) : exported;
  const candidates: readonly unknown[] = Array.isArray(made) ? made : [made];
  const found = candidates.find((one) => (one as Partial<P> | undefined)?.name === name);
  if (found !== undefined) return found as P;
  throw errors.pluginUnfit(String(url), exportName, name, made);
}

/**
 * Returns the modules of plugins, for other event loops.
 *
 * @throws ServingError INVALID_ARGUMENT / PLUGIN_NOT_SHARED if a plugin has no module.
 */
export function modulesOf(kind: string, plugins: readonly Plugin[]): readonly SharedPlugin[] {
  return plugins.map(({ name, module }) => {
    if (module === undefined) throw errors.pluginNotShared(kind, name);
    return { ...module, name, url: String(module.url) };
  });
}
