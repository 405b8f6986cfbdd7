import type { Clock } from "@serving-kit/core";

/** Something that can be looked at, on a device that may stop answering. */
export interface Lookable {
  /** The device as last seen, or undefined while it never answered. */
  readonly device: number | undefined;
  /** Looks; never rejects. `thorough` takes nothing for known. */
  look(thorough: boolean): Promise<void>;
  /** Is told when a look has not come back in time. */
  hangs(timeoutMs: number): void;
}

interface Entry {
  state: "idle" | "waiting" | "looking" | "hanging";
  thorough: boolean;
  isWantedAgain: boolean;
  /** Those who wait for a look that has not begun. */
  waiters: (() => void)[];
}

// Each look under way holds a thread of libuv's pool, which has four unless told otherwise and is
// shared with everything else in the process. This leaves two.
const MAX_LOOKS = 2;
const MAX_HANGING_STRANGERS = 2;

/**
 * Has things looked at, a few at a time, each by one look at a time, in the order of asking.
 *
 * A look that does not come back within `lookTimeoutMs` (a file server that went away) gives its
 * place to the next, and nothing else on the same device is looked at until it comes back: such
 * looks would take one thread after the other. For the same reason, while two looks hang, what never
 * answered before is not looked at.
 */
export class LookQueue {
  readonly #clock: Clock;
  readonly #lookTimeoutMs: number;
  readonly #onLooked: (target: Lookable) => void;
  readonly #entries = new Map<Lookable, Entry>();
  readonly #waiting = new Set<Lookable>();
  readonly #hanging = new Set<Lookable>();
  readonly #timers = new Set<Disposable>();
  #lookCount = 0;

  constructor(clock: Clock, lookTimeoutMs: number, onLooked: (target: Lookable) => void) {
    this.#clock = clock;
    this.#lookTimeoutMs = lookTimeoutMs;
    this.#onLooked = onLooked;
  }

  /** Asks for a look unless one waits or is under way. */
  add(target: Lookable): void {
    const entry = this.#entryOf(target);
    if (entry.state !== "idle") return;
    entry.state = "waiting";
    this.#waiting.add(target);
    this.#start();
  }

  /**
   * Asks for a thorough look that begins after this call. Resolves when it has ended, or when it
   * cannot be had because the target or its device hangs.
   */
  request(target: Lookable): Promise<void> {
    const entry = this.#entryOf(target);
    entry.thorough = true;
    entry.isWantedAgain = entry.state === "looking" || entry.state === "hanging";
    const looked = new Promise<void>((resolve) => entry.waiters.push(resolve));
    if (entry.state === "hanging") release(entry);
    this.add(target);
    return looked;
  }

  /** Forgets a target; a look under way comes to nothing. */
  remove(target: Lookable): void {
    const entry = this.#entries.get(target);
    if (entry) release(entry);
    this.#entries.delete(target);
    this.#waiting.delete(target);
  }

  /** Forgets everything. */
  close(): void {
    for (const target of [...this.#entries.keys()]) this.remove(target);
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.#timers.clear();
  }

  #entryOf(target: Lookable): Entry {
    let entry = this.#entries.get(target);
    if (!entry) {
      entry = { state: "idle", thorough: false, isWantedAgain: false, waiters: [] };
      this.#entries.set(target, entry);
    }
    return entry;
  }

  #start(): void {
    for (const target of this.#waiting) {
      if (this.#lookCount >= MAX_LOOKS) return;
      const entry = this.#entryOf(target);
      if (this.#isHeldUp(target)) release(entry);
      else {
        this.#waiting.delete(target);
        void this.#look(target, entry);
      }
    }
  }

  /** What is held up stays in the queue until a look comes back. */
  #isHeldUp({ device }: Lookable): boolean {
    if (this.#hanging.size === 0) return false;
    if (device === undefined) return this.#hanging.size >= MAX_HANGING_STRANGERS;
    for (const hanging of this.#hanging) if (hanging.device === device) return true;
    return false;
  }

  async #look(target: Lookable, entry: Entry): Promise<void> {
    const { thorough, waiters } = entry;
    entry.state = "looking";
    entry.thorough = false;
    entry.waiters = [];
    this.#lookCount++;
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer);
      entry.state = "hanging";
      this.#hanging.add(target);
      this.#lookCount--;
      if (this.#entries.get(target) === entry) target.hangs(this.#lookTimeoutMs);
      release({ waiters });
      release(entry);
      this.#start();
    }, this.#lookTimeoutMs);
    this.#timers.add(timer);

    await target.look(thorough);

    timer[Symbol.dispose]();
    this.#timers.delete(timer);
    if (!this.#hanging.delete(target)) this.#lookCount--;
    entry.state = "idle";
    if (this.#entries.get(target) === entry) {
      this.#onLooked(target);
      if (entry.isWantedAgain) {
        entry.isWantedAgain = false;
        this.add(target);
      }
    }
    release({ waiters });
    this.#start();
  }
}

function release(entry: Pick<Entry, "waiters">): void {
  for (const resolve of entry.waiters.splice(0)) resolve();
}
