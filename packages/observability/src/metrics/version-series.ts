import { formatServableId, type ServableId } from "@serving-kit/core";
import type { ObserverHost } from "@serving-kit/server";

/** The parts of the server that tell which versions there are. */
export type VersionHost = Pick<ObserverHost, "states" | "clock">;

/** How long a version's series are shown after its end: many times the usual interval of scrapes. */
export const KEPT_MS = 300_000;

/** How long one of several event loops keeps them: longer than `ShownVersions` shows them. */
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
 * Removes the series of versions that have ended. Without it their number would grow without a limit as versions
 * come and go.
 *
 * Series stay for `keptMs` after the end of their version, 5 minutes by default, so that a reader at usual
 * intervals gets their last values. They stay if the version is loaded again meanwhile.
 */
export class VersionSeries {
  readonly #host: VersionHost;
  readonly #keptMs: number;
  readonly #versions = new Map<string, Tracked>();

  constructor(host: VersionHost, keptMs = KEPT_MS) {
    this.#host = host;
    this.#keptMs = keptMs;
  }

  /** Calls `remove` once, when the version has ended and the time is over. */
  add(id: ServableId, remove: () => void): void {
    const key = formatServableId(id);
    let version = this.#versions.get(key);
    if (version === undefined) {
      // If nothing reads the metrics, this is what keeps the number of series low.
      this.removeEnded();
      version = { removals: [], endedAtMs: undefined };
      this.#versions.set(key, version);
    }
    version.removals.push(remove);
  }

  /** Removes the series whose time is over. */
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
