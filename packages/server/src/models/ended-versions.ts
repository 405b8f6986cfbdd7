import type { Clock, ServableState } from "@serving-kit/core";

/** Maximum number of ended versions kept for one name. The most recently ended are kept. */
const MAX_PER_NAME = 10;

/** Maximum number of names. Those with the most recently ended versions are kept. */
const MAX_NAMES = 1_000;

/** Time in ms for which ended versions are kept. */
const KEEP_MS = 3_600_000;

/**
 * Keeps the end states of versions, with their errors, after the manager has forgotten them. This includes models that
 * are served and models that were removed. Bounded: 10 versions of a name, 1,000 names, one hour.
 */
export class EndedVersions implements Disposable {
  readonly #clock: Clock;
  readonly #onForgotten: (name: string) => void;
  /** By name, then by version, in the order in which they ended. */
  readonly #byName = new Map<string, Map<bigint, ServableState>>();
  #timer: Disposable | undefined;

  /** @param onForgotten Called with a name after some of its versions have expired. */
  constructor(clock: Clock, onForgotten: (name: string) => void) {
    this.#clock = clock;
    this.#onForgotten = onForgotten;
  }

  /** Records a state of a version. An end state is kept until the version is aspired again. */
  record(state: ServableState): void {
    const { name, version } = state.id;
    const ended = this.#byName.get(name);
    ended?.delete(version);
    if (state.state === "end") this.#remember(name, (ended ?? new Map()).set(version, state));
    else if (ended?.size === 0) this.#byName.delete(name);
  }

  /** The ended versions of a name, in no particular order. */
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
