import type { Platform } from "@serving-kit/inference";
import { builtIns } from "./built-ins.js";
import { loadPlatforms } from "./platforms/load-platforms.js";
import { type PluginPlace, readPlugins, withPlugins } from "./plugins.js";

export { processor } from "./processor.js";

// The module that a server's event loops import. It is a separate entry of the build.

/**
 * Loads the platforms for an event loop: the built-in platforms, and those of the plugins named in the module's URL.
 */
export async function platforms(): Promise<readonly Platform[]> {
  const plugins = new URL(import.meta.url).searchParams.getAll("plugin");
  return loadPlatforms(await withPlugins(builtIns.platforms, plugins));
}

/** Loads one plugin of a `--plugins` module in another event loop. */
export async function plugin({ module, kind, name }: PluginPlace) {
  const plugins = (await readPlugins([module]))[kind];
  return plugins.find((each) => each.name === name);
}
