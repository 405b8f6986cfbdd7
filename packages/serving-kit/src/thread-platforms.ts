import type { Platform } from "@serving-kit/inference";
import { builtIns } from "./built-ins.js";
import { loadPlatforms } from "./platforms/load-platforms.js";
import { withPlugins } from "./plugins.js";

/** Loads the platforms of an event loop: those of the plugins that the module's URL names, and the built-in ones. */
export async function platforms(): Promise<readonly Platform[]> {
  const plugins = new URL(import.meta.url).searchParams.getAll("plugin");
  return loadPlatforms(await withPlugins(builtIns.platforms, plugins));
}
