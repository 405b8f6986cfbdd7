import { errors } from "../errors.js";

/**
 * The module that event loops in worker threads import a plugin from: a plugin itself cannot be posted to
 * another thread.
 */
export interface PluginModule {
  /** The URL of an ES module. */
  readonly url: string | URL;
  /**
   * The name of the export: the plugin, an array that has it, or a function that returns either or a promise of
   * it. Default `default`.
   */
  readonly exportName?: string;
  /** The argument of that function. Must survive `structuredClone`. Default undefined. */
  readonly options?: unknown;
}

/**
 * A part of a server that a package or an app brings.
 *
 * - PL1 Its `module`, if it has one, exports it: an event loop finds a plugin of the same name there, made from
 *   options that survived `structuredClone`.
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
 * @throws ServingError INVALID_ARGUMENT / PLUGIN_UNFIT if there is no such export or it has no plugin of the name.
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
 * The modules of plugins, for other event loops.
 *
 * @throws ServingError INVALID_ARGUMENT / PLUGIN_NOT_SHARED if a plugin has no module.
 */
export function modulesOf(kind: string, plugins: readonly Plugin[]): readonly SharedPlugin[] {
  return plugins.map(({ name, module }) => {
    if (module === undefined) throw errors.pluginNotShared(kind, name);
    return { ...module, name, url: String(module.url) };
  });
}
