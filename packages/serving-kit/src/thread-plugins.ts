import type { Platform } from "@serving-kit/inference";
import { builtIns } from "./built-ins.js";
import { loadPlatforms } from "./platforms/load-platforms.js";
import { type PluginPlace, readPlugins, withPlugins } from "./plugins.js";

export { processor } from "./processor.js";

// The module that the event loops of a server import: an entry of the build of its own.

/** Loads the platforms of an event loop: those of the plugins that the module's URL names, and the built-in ones. */
export async function platforms(): Promise<readonly Platform[]> {
  const plugins = new URL(import.meta.url).searchParams.getAll("plugin");
  return loadPlatforms(await withPlugins(builtIns.platforms, plugins));
}

/** Reads one plugin of a module of `--plugins` again, in another event loop. */
export async function plugin({ module, kind, name }: PluginPlace) {
  const plugins = (await readPlugins([module]))[kind];
  return plugins.find((each) => each.name === name);
}
