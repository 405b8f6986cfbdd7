import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/**
 * The folder for downloaded libraries and other files that can be made again: `SERVING_KIT_CACHE` if set, else
 * `serving-kit` in the platform's cache folder (`XDG_CACHE_HOME` or `~/.cache`, `~/Library/Caches`, `%LOCALAPPDATA%`).
 */
export function cacheFolder(env: Readonly<NodeJS.ProcessEnv> = process.env): string {
  if (env.SERVING_KIT_CACHE) return resolve(env.SERVING_KIT_CACHE);
  return join(platformCacheFolder(env), "serving-kit");
}

function platformCacheFolder(env: Readonly<NodeJS.ProcessEnv>): string {
  if (process.platform === "win32") return env.LOCALAPPDATA ?? join(homedir(), "AppData", "Local");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches");
  // The XDG specification says to ignore relative paths.
  const xdg = env.XDG_CACHE_HOME;
  return xdg && isAbsolute(xdg) ? xdg : join(homedir(), ".cache");
}
