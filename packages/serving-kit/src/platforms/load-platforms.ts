import { type Platform, withMembers } from "@serving-kit/inference";
import { detectPlatform } from "@serving-kit/server/lazy";
import type { PlatformRow, PlatformSetup } from "./platform-row.js";

/**
 * Loads the platforms of a table, in the order in which they are tried. If platform A prefers platform B, A loads
 * every version that both accept with B, even if the model's configuration names A.
 */
export async function loadPlatforms(
  rows: readonly PlatformRow[],
  setup?: PlatformSetup,
): Promise<readonly Platform[]> {
  const platforms = await Promise.all(rows.map((row) => row.load(setup)));
  return rows.map((row, i) => {
    const platform = platforms[i] as Platform;
    const name = setup && row.prefers?.(setup);
    const preferred = platforms.find(({ platformName }) => platformName === name);
    return preferred ? preferring(preferred, platform) : platform;
  });
}

/** Returns `other`, except that versions accepted by `preferred` are loaded with `preferred`. */
function preferring(preferred: Platform, other: Platform): Platform {
  const { accepts, isComplete, loader } = detectPlatform([preferred, other], other);
  return withMembers(other, { accepts, isComplete, loader });
}
