import type { Clock } from "@serving-kit/core";
import { DeviceGate, type LookUnderWay } from "./device-gate.js";

/** A target that can be checked, on a device that may stop responding. */
export interface Lookable {
  /** The last known device; undefined if it has never responded. */
  readonly device: number | undefined;
  /** The network file system of the target. Default none. */
  readonly network?: string | undefined;
  /** Checks the target; never rejects. If `thorough`, ignores earlier results. */
  look(thorough: boolean): Promise<void>;
  /** Called when a check has not returned in time. */
  hangs(timeoutMs: number): void;
}

interface Entry {
  readonly target: Lookable;
  state: "idle" | "waiting" | "looking" | "hanging";
  thorough: boolean;
  isWantedAgain: boolean;
  /** The callers that wait for a check that has not started. */
  waiters: (() => void)[];
}

interface Line {
  readonly gate: DeviceGate;
  readonly waiting: Set<Entry>;
}

interface Look extends LookUnderWay {
  readonly entry: Entry;
  readonly line: Line;
  readonly waiters: (() => void)[];
}

/**
 * Checks targets in request order: one check per target at a time, and as many per device as its gate allows.
 */
export class LookQueue {
  readonly #clock: Clock;
  readonly #lookTimeoutMs: number;
  readonly #onLooked: (target: Lookable) => void;
  readonly #entries = new Map<Lookable, Entry>();
  readonly #lines = new Map<string | number | undefined, Line>();
  readonly #underWay = new Set<Look>();
  #guardTimer: Disposable | undefined;

  constructor(clock: Clock, lookTimeoutMs: number, onLooked: (target: Lookable) => void) {
    this.#clock = clock;
    this.#lookTimeoutMs = lookTimeoutMs;
    this.#onLooked = onLooked;
  }

  /** Requests a check unless one is waiting or in progress. */
  add(target: Lookable): void {
    const entry = this.#entryOf(target);
    if (entry.state === "idle") this.#wait(entry);
  }

  /**
   * Requests a thorough check that starts after this call. Resolves when it has ended, or when it cannot be made
   * because the target or its device hangs.
   */
  request(target: Lookable): Promise<void> {
    const entry = this.#entryOf(target);
    entry.thorough = true;
    return new Promise((resolve) => {
      entry.waiters.push(resolve);
      if (entry.state === "looking" || entry.state === "hanging") entry.isWantedAgain = true;
      if (entry.state === "hanging") release(entry);
      else if (entry.state !== "looking") this.#wait(entry);
    });
  }

  /** Removes a target; the result of a check in progress is ignored. */
  remove(target: Lookable): void {
    const entry = this.#entries.get(target);
    if (!entry) return;
    this.#entries.delete(target);
    for (const { waiting } of this.#lines.values()) waiting.delete(entry);
    release(entry);
  }

  /** Removes all targets. */
  close(): void {
    for (const target of [...this.#entries.keys()]) this.remove(target);
    this.#underWay.clear();
    this.#unguard();
  }

  #entryOf(target: Lookable): Entry {
    let entry = this.#entries.get(target);
    if (!entry) {
      entry = { target, state: "idle", thorough: false, isWantedAgain: false, waiters: [] };
      this.#entries.set(target, entry);
    }
    return entry;
  }

  #wait(entry: Entry): void {
    const { device, network } = entry.target;
    const place = network ?? device;
    let line = this.#lines.get(place);
    if (!line) {
      line = { gate: new DeviceGate(place === undefined), waiting: new Set() };
      this.#lines.set(place, line);
    }
    entry.state = "waiting";
    line.waiting.add(entry);
    this.#proceed(line);
  }

  #proceed(line: Line): void {
    const { gate, waiting } = line;
    if (waiting.size === 0) return;
    for (const entry of waiting) {
      if (!gate.mayBegin(this.#clock.now())) break;
      waiting.delete(entry);
      void this.#look(entry, line);
    }
    // They stay in the queue for an unknown time.
    if (!gate.isBusy) for (const entry of waiting) release(entry);
  }

  async #look(entry: Entry, line: Line): Promise<void> {
    const { target, thorough, waiters } = entry;
    entry.state = "looking";
    entry.thorough = false;
    entry.waiters = [];
    const look: Look = { entry, line, waiters, beganAtMs: this.#clock.now() };
    line.gate.begin();
    this.#underWay.add(look);
    this.#guard();

    await target.look(thorough);

    this.#underWay.delete(look);
    if (this.#underWay.size === 0) this.#unguard();
    line.gate.end(look, this.#clock.now());
    entry.state = "idle";
    if (this.#isKnown(entry)) {
      this.#onLooked(target);
      if (entry.isWantedAgain) {
        entry.isWantedAgain = false;
        this.#wait(entry);
      }
    }
    release(look);
    this.#proceed(line);
  }

  /** Sets the timer for the longest-running check, which is the first in the set. */
  #guard(): void {
    if (this.#guardTimer) return;
    for (const { beganAtMs } of this.#underWay) {
      const dueInMs = beganAtMs + this.#lookTimeoutMs - this.#clock.now();
      this.#guardTimer = this.#clock.setTimeout(() => this.#findHanging(), dueInMs);
      return;
    }
  }

  #unguard(): void {
    this.#guardTimer?.[Symbol.dispose]();
    this.#guardTimer = undefined;
  }

  #findHanging(): void {
    this.#guardTimer = undefined;
    for (const look of this.#underWay) {
      if (this.#clock.now() - look.beganAtMs < this.#lookTimeoutMs) break;
      const { entry, line } = look;
      this.#underWay.delete(look);
      entry.state = "hanging";
      line.gate.hang(look);
      if (this.#isKnown(entry)) entry.target.hangs(this.#lookTimeoutMs);
      release(look);
      release(entry);
      this.#proceed(line);
    }
    this.#guard();
  }

  #isKnown(entry: Entry): boolean {
    return this.#entries.get(entry.target) === entry;
  }
}

function release({ waiters }: { readonly waiters: (() => void)[] }): void {
  if (waiters.length === 0) return;
  for (const resolve of waiters.splice(0)) resolve();
}
