import type { Clock, ServableState } from "@serving-kit/core";

/** How many ended versions are remembered of one name: those that ended last. */
const MAX_PER_NAME = 10;

/** Of how many names: those of which a version ended last. */
const MAX_NAMES = 1_000;

/** For how long in ms. */
const KEEP_MS = 3_600_000;

/**
 * Remembers the end of versions, with their errors, after the manager has forgotten them: of models that
 * are served and of models that were removed. Bounded: 10 versions of a name, 1,000 names, one hour.
 */
export class EndedVersions implements Disposable {
  readonly #clock: Clock;
  readonly #onForgotten: (name: string) => void;
  /** By name, then by version; the name and the version that ended last stand last. */
  readonly #byName = new Map<string, Map<bigint, ServableState>>();
  #timer: Disposable | undefined;

  /** @param onForgotten called with a name some of whose versions are too old to be remembered. */
  constructor(clock: Clock, onForgotten: (name: string) => void) {
    this.#clock = clock;
    this.#onForgotten = onForgotten;
  }

  /** Takes up a state of a version: an end is remembered until the version is aspired again. */
  record(state: ServableState): void {
    const { name, version } = state.id;
    const ended = this.#byName.get(name);
    ended?.delete(version);
    if (state.state === "end") this.#remember(name, (ended ?? new Map()).set(version, state));
    else if (ended?.size === 0) this.#byName.delete(name);
  }

  /** The ended versions of a name, in no order. */
  of(name: string): readonly ServableState[] {
    return [...(this.#byName.get(name)?.values() ?? [])];
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #remember(name: string, ended: Map<bigint, ServableState>): void {
    this.#byName.delete(name);
    this.#byName.set(name, ended);
    if (ended.size > MAX_PER_NAME) deleteFirst(ended);
    if (this.#byName.size > MAX_NAMES) deleteFirst(this.#byName);
    this.#timer ??= this.#clock.setTimeout(() => this.#forgetOld(), KEEP_MS);
  }

  #forgetOld(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.now();
    let oldestMs = nowMs;
    for (const [name, ended] of [...this.#byName]) {
      const before = ended.size;
      for (const [version, { atMs }] of ended) {
        if (nowMs - atMs >= KEEP_MS) ended.delete(version);
        else oldestMs = Math.min(oldestMs, atMs);
      }
      if (ended.size === 0) this.#byName.delete(name);
      if (ended.size < before) this.#onForgotten(name);
    }
    if (this.#byName.size === 0) return;
    this.#timer = this.#clock.setTimeout(() => this.#forgetOld(), oldestMs + KEEP_MS - nowMs);
  }
}

function deleteFirst<K>(map: Map<K, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
