import { formatServableId, type ServableId } from "@serving-kit/core";
import type { ObserverHost } from "@serving-kit/server";

/** The parts of the server that list its versions. */
export type VersionHost = Pick<ObserverHost, "states" | "clock">;

/** The time for which the series of a version are shown after its end: many times the usual scrape interval. */
export const KEPT_MS = 300_000;

/** The time for which an event loop keeps them if there are several loops: longer than `ShownVersions` shows them. */
export const KEPT_BY_PEER_MS = 2 * KEPT_MS;

interface Tracked {
  readonly removals: (() => void)[];
  /** The time at which the version was first seen to have ended. */
  endedAtMs: number | undefined;
}

/** Returns the keys of the versions that have not ended. */
export function presentVersions(host: Pick<VersionHost, "states">): ReadonlySet<string> {
  const present = host.states().filter(({ state }) => state !== "end");
  return new Set(present.map(({ id }) => formatServableId(id)));
}

/**
 * Removes the series of ended versions. Otherwise their number would grow without limit as versions change.
 *
 * Series stay for `keptMs` after the end of their version (default 5 minutes), so that a scraper sees their last
 * values. If the version is loaded again within this time, they stay.
 */
export class VersionSeries {
  readonly #host: VersionHost;
  readonly #keptMs: number;
  readonly #versions = new Map<string, Tracked>();

  constructor(host: VersionHost, keptMs = KEPT_MS) {
    this.#host = host;
    this.#keptMs = keptMs;
  }

  /** Calls `remove` once, `keptMs` after the version has ended. */
  add(id: ServableId, remove: () => void): void {
    const key = formatServableId(id);
    let version = this.#versions.get(key);
    if (version === undefined) {
      // Limits the number of series even if the metrics are never scraped.
      this.removeEnded();
      version = { removals: [], endedAtMs: undefined };
      this.#versions.set(key, version);
    }
    version.removals.push(remove);
  }

  /** Removes the series whose time has passed. */
  removeEnded(): void {
    if (this.#versions.size === 0) return;
    const now = this.#host.clock.now();
    const present = presentVersions(this.#host);
    for (const [key, version] of this.#versions) {
      if (present.has(key)) version.endedAtMs = undefined;
      else version.endedAtMs ??= now;
      if (version.endedAtMs === undefined || now - version.endedAtMs < this.#keptMs) continue;
      this.#versions.delete(key);
      for (const remove of version.removals) remove();
    }
  }
}
