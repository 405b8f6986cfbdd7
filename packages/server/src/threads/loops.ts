import type { Clock, Logger } from "@serving-kit/core";
import { errors } from "../errors.js";
import { releaseSlot } from "../limits/shared-counts.js";
import { Loop } from "./loop.js";
import type { LoopSettings, MainMethods } from "./loop-messages.js";

/** The dependencies of the loops of a server. */
export interface LoopsOptions {
  readonly count: number;
  readonly settings: Omit<LoopSettings, "slot">;
  readonly methods: MainMethods;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Updates a replacement loop until it serves requests like the others. */
  readonly join: (loop: Loop) => Promise<void>;
}

/** Delay before a loop is replaced again if its replacement failed too. */
const REPLACE_DELAY_MS = { min: 1_000, max: 30_000 };

/** A loop that has run for this long did not fail because of its start. */
const STABLE_MS = 60_000;

/** Time after the deadline during which a loop may still report that it has shut down. */
const GRACE_MS = 1_000;

/**
 * The event loops of a server. A loop that ends because of an uncaught exception is replaced. Its requests in flight
 * are lost, and the other loops continue.
 */
export class Loops implements Iterable<Loop> {
  readonly #options: LoopsOptions;
  readonly #loops = new Set<Loop>();
  readonly #slots = new Set<number>();
  readonly #timers = new Set<Disposable>();
  #isClosing = false;

  constructor(options: LoopsOptions) {
    this.#options = options;
  }

  /** All loops, including those that are not serving yet. */
  [Symbol.iterator](): Iterator<Loop> {
    return this.#loops.values();
  }

  /**
   * Starts the threads, and returns the names of the platforms that they can attach.
   *
   * @throws ServingError FAILED_PRECONDITION / THREADS_NOT_STARTED; then no thread is left.
   */
  async start(): Promise<readonly string[]> {
    const loops = Array.from({ length: this.#options.count }, () => this.#add());
    try {
      const [platforms] = await Promise.all(
        loops.map(({ channel }) => channel.call("start", undefined)),
      );
      for (const loop of loops) {
        loop.isUp = true;
        void this.#replaceAtEnd(loop);
      }
      return platforms ?? [];
    } catch (cause) {
      await Promise.all(loops.map((loop) => loop.terminate()));
      throw errors.threadsNotStarted(cause);
    }
  }

  /**
   * Runs an action for each loop. A loop that ends meanwhile is ignored, unless all loops end.
   *
   * Rejects with the first failure once all actions have settled.
   */
  async each<T>(action: (loop: Loop) => Promise<T>): Promise<readonly T[]> {
    const loops = [...this.#loops];
    const outcomes = await Promise.allSettled(loops.map(action));
    const results = outcomes.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const failures = outcomes.flatMap((one, i) =>
      one.status === "rejected" ? [{ reason: one.reason, loop: loops[i] as Loop }] : [],
    );
    const failure = failures.find(({ loop }) => !loop.hasEnded);
    if (failure) throw failure.reason;
    if (results.length === 0) throw failures[0]?.reason ?? errors.loopEnded(0, undefined);
    return results;
  }

  /**
   * Each loop refuses new requests, drains and stops listening. After the deadline its requests are aborted and it
   * ends.
   */
  async shutDown(deadlineMs: number | undefined): Promise<void> {
    this.#isClosing = true;
    for (const timer of this.#timers) timer[Symbol.dispose]();
    const loops = [...this.#loops];
    const pending = new Set(loops);
    const down = loops.map(async (loop) => {
      // A loop that has ended has no requests in flight.
      const hasDrained = await loop.channel.call("shutDown", { deadlineMs }).catch(() => true);
      // An aborted call may still run, and hold a version for any length of time.
      if (!hasDrained) await loop.end();
      pending.delete(loop);
    });
    let timer: Disposable | undefined;
    const overdue = new Promise<void>((resolve) => {
      if (deadlineMs === undefined || !Number.isFinite(deadlineMs)) return;
      timer = this.#options.clock.setTimeout(resolve, deadlineMs + GRACE_MS);
    });
    await Promise.race([Promise.all(down), overdue]);
    timer?.[Symbol.dispose]();
    await Promise.all([...pending].map((loop) => loop.terminate()));
  }

  /** Ends all threads. */
  async end(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([...this.#loops].map((loop) => loop.end()));
  }

  #add(): Loop {
    const { settings, methods } = this.#options;
    let slot = 1; // 0 is the slot of the main thread
    while (this.#slots.has(slot)) slot++;
    this.#slots.add(slot);
    const loop = new Loop({ ...settings, slot }, methods);
    this.#loops.add(loop);
    void loop.ended.then(() => {
      this.#loops.delete(loop);
      releaseSlot(settings.limits.shared, slot);
      this.#slots.delete(slot);
    });
    return loop;
  }

  async #replaceAtEnd(loop: Loop, failures = 0): Promise<void> {
    const { clock, logger, join } = this.#options;
    const beganAtMs = clock.now();
    const error = await loop.ended;
    if (this.#isClosing) return;
    logger.error({ err: error }, `${error.message}; another replaces it`);
    const isStable = clock.now() - beganAtMs >= STABLE_MS;
    if (!isStable && failures > 0) await this.#wait(failures);
    if (this.#isClosing) return;
    const next = this.#add();
    void this.#replaceAtEnd(next, isStable ? 0 : failures + 1);
    try {
      await next.channel.call("start", undefined);
      await join(next);
    } catch (cause) {
      if (next.hasEnded || this.#isClosing) return;
      logger.error({ err: cause }, "an event loop cannot replace one that ended");
      await next.terminate();
    }
  }

  #wait(failures: number): Promise<void> {
    const { min, max } = REPLACE_DELAY_MS;
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimeout(
        () => {
          this.#timers.delete(timer);
          resolve();
        },
        Math.min(max, min * 2 ** (failures - 1)),
      );
      this.#timers.add(timer);
    });
  }
}
