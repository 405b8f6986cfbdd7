import { availableParallelism } from "node:os";
import type { LaneQueue, LaneRun } from "./lane-run.js";
import { NativeLane } from "./native-lane.js";
import { workerThreads } from "./worker-threads.js";

/** Options of `NativeLanes`. */
export interface NativeLanesOptions {
  /** Returns the maximum number of lanes. 0 disables them. */
  limit(): number;
  /**
   * Short runs in close succession after which the first lane starts, and runs that had to wait for a lane after which
   * the next one starts. Default 1,000.
   */
  readonly startAfter?: number;
  /** A lane whose first run has not ended after one to two of these periods, in ms, is stuck. Default 25. */
  readonly checkMs?: number;
}

/** Runs in close succession start less than this time in ms after one another. */
const DENSE_MS = 1;

/** On a loaded machine, lanes are faster than the pool if so many runs share a wake-up. */
const MANY = 8;
const FADING = 0.99;

/** The weight of a run that is not in close succession, against one that is. */
const SPARSE_WEIGHT = 10;

/** Maximum expected time in ms of the runs that a lane holds, so that a run of another servable is soon next. */
const MAX_LOAD_MS = 0.2;

/** If the runs of a lane are expected to take longer than this, in ms, the next lane takes more. */
const FILL_MS = 0.1;

/** The most lanes that start in a process. */
const MAX_LANES = 16;

/**
 * Runs short native functions on a few threads that share memory with the event loop. See
 * `docs/decisions/0027-lanes-for-short-native-runs.md`.
 *
 * - NL1 A run returns what the same call returns on the event loop.
 * - NL2 A lane runs one function at a time, in the order in which it got them.
 * - NL3 Servables whose runs wait take turns, and a lane holds runs of at most 0.2 ms, or one run.
 * - NL4 Runs behind one that takes 50 ms are withdrawn and run elsewhere; the lane gets new runs when it has ended.
 * - NL5 A servable with such a run gets no lane until the run has ended.
 * - NL6 Each run ends its wait: no wake-up is lost, however the threads fall asleep.
 * - NL7 `close` withdraws the runs that have not started and waits for the others. If a thread ends otherwise, the
 *   started run fails.
 * - NL8 Idle lanes use no CPU time, and do not keep the process alive.
 * - NL9 The first thread starts when 1,000 short runs have followed one another closely, the next one when 1,000 runs
 *   had to wait. A run after a pause is not admitted, nor is one of a few runs while the machine is loaded.
 */
export class NativeLanes {
  readonly #maxLanes: () => number;
  readonly #startAfter: number;
  readonly #checkMs: number;
  readonly #lanes: NativeLane[] = [];
  readonly #turns: LaneQueue[] = [];
  /** For each lane that is stuck, the servable of its first run. */
  readonly #stuck = new Map<
    NativeLane,
    { readonly queue: LaneQueue | undefined; readonly run: number }
  >();
  #progress = new Map<NativeLane, number>();
  #checking: NodeJS.Timeout | undefined;
  #startedAt = Number.NEGATIVE_INFINITY;
  #limit: number | undefined;
  #density = 0;
  /** The fading maximum of runs in flight. */
  #inFlight = 0;
  #waits = 0;
  #hasFailed = false;

  constructor({ limit, startAfter = 1_000, checkMs = 25 }: NativeLanesOptions) {
    this.#checkMs = checkMs;
    this.#maxLanes = limit;
    this.#startAfter = startAfter;
  }

  /** Maximum number of lanes. */
  get limit(): number {
    this.#limit ??= this.#maxLanes();
    return this.#limit;
  }

  /** Number of lanes that are ready. */
  get ready(): number {
    return this.#lanes.filter(({ state }) => state === "ready").length;
  }

  /** Number of lanes whose thread sleeps until it gets a run. */
  get asleep(): number {
    return this.#lanes.filter(({ isAsleep }) => isAsleep).length;
  }

  /** True if a lane has been started and has not ended. */
  get isStarted(): boolean {
    return this.#lanes.length > 0;
  }

  /**
   * Records that a short run starts now off the event loop. Returns whether a lane should run it.
   *
   * @param onPool The servable's runs that are on the pool or wait for it.
   */
  admits(queue: LaneQueue, now: number, onPool = 0): boolean {
    const isDense = now - this.#startedAt < DENSE_MS;
    this.#startedAt = now;
    if (isDense) this.#density++;
    else this.#density = Math.max(0, this.#density - SPARSE_WEIGHT);
    if (this.#density >= this.#startAfter) {
      this.#density = this.#startAfter;
      if (this.#lanes.length === 0 && this.limit > 0) this.#startLane();
    }
    if (queue.overdue > 0) return false;
    const pending = this.#lanes.reduce((sum, lane) => sum + lane.pending, queue.length);
    // When runs have ended together, the first of the next ones finds few in flight: the maximum fades slowly.
    this.#inFlight = Math.max(pending + onPool, FADING * this.#inFlight);
    const areMany = this.#inFlight >= MANY;
    return this.#lanes.some(
      (lane) => this.#isOpen(lane) && (isDense || pending > 0) && (areMany || !lane.isResting(now)),
    );
  }

  /** Returns whether a run that follows another one closely can go to a lane. */
  isOpenTo({ overdue }: LaneQueue): boolean {
    return overdue === 0 && this.#lanes.some((lane) => this.#isOpen(lane));
  }

  /** Runs on a lane: immediately if one has room, otherwise in turn. */
  run(run: LaneRun): void {
    const lane = this.#turns.length === 0 ? this.#pick(run) : undefined;
    if (lane !== undefined) {
      lane.post(run);
      return;
    }
    if (!this.isOpenTo(run.queue)) {
      run.withdrawn();
      return;
    }
    const { queue } = run;
    queue.push(run);
    if (queue.length === 1) this.#turns.push(queue);
    this.#countWait();
  }

  /** Ends all threads after their current runs; waiting runs are withdrawn. */
  async close(): Promise<void> {
    this.#hasFailed = true;
    this.#withdrawWaiting();
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }

  #isOpen(lane: NativeLane): boolean {
    return lane.state === "ready" && !this.#stuck.has(lane);
  }

  #pick({ expectedMs }: LaneRun): NativeLane | undefined {
    let best: NativeLane | undefined;
    for (const lane of this.#lanes) {
      if (!this.#isOpen(lane) || !lane.hasRoom) continue;
      if (lane.expectedMs + expectedMs <= FILL_MS) return lane;
      if (best === undefined || lane.expectedMs < best.expectedMs) best = lane;
    }
    if (best === undefined || best.pending === 0) return best;
    return best.expectedMs + expectedMs <= MAX_LOAD_MS ? best : undefined;
  }

  /** Starts another lane if runs often find the present ones full. */
  #countWait(): void {
    if (++this.#waits < this.#startAfter || this.#lanes.length >= this.limit) return;
    this.#waits = 0;
    if (this.#lanes.every(({ state }) => state === "ready")) this.#startLane();
  }

  #startLane(): void {
    if (this.#hasFailed) return;
    try {
      const lane: NativeLane = new NativeLane({
        onRoom: () => this.#dispatch(),
        onSleep: () => this.#watch(),
        onChange: () => this.#changed(lane),
      });
      this.#lanes.push(lane);
    } catch {
      this.#hasFailed = true; // For example `--permission` without `--allow-worker`.
    }
  }

  #changed(lane: NativeLane): void {
    if (lane.state === "ended") {
      this.#hasFailed = true;
      this.#lanes.splice(this.#lanes.indexOf(lane), 1);
      this.#freed(lane);
    }
    if (this.#lanes.some((one) => this.#isOpen(one))) this.#dispatch();
    else this.#withdrawWaiting();
  }

  #dispatch(): void {
    if (this.#stuck.size > 0) this.#checkStuck();
    for (;;) {
      const queue = this.#turns[0];
      const run = queue?.first();
      const lane = run && this.#pick(run);
      if (queue === undefined || run === undefined || lane === undefined) return;
      this.#turns.shift();
      queue.shift();
      if (queue.length > 0) this.#turns.push(queue);
      lane.post(run);
    }
  }

  #watch(): void {
    if (this.#checking !== undefined) return;
    // No clock: the lanes run in real time.
    this.#checking = setTimeout(() => this.#check(), this.#checkMs).unref();
  }

  /** Finds lanes whose first run is the same as at the last check. */
  #check(): void {
    this.#checking = undefined;
    const before = this.#progress;
    this.#progress = new Map();
    for (const lane of [...this.#lanes]) {
      lane.settle(); // The event loop may have been blocked for longer than the lane.
      if (lane.pending === 0) continue;
      this.#progress.set(lane, lane.progress);
      if (before.get(lane) === lane.progress && !this.#stuck.has(lane)) this.#isStuck(lane);
    }
    if (this.#progress.size > 0) this.#watch();
  }

  #isStuck(lane: NativeLane): void {
    const queue = lane.current?.queue;
    this.#stuck.set(lane, { queue, run: lane.progress });
    if (queue !== undefined) queue.overdue++;
    for (const run of lane.withdraw()) run.withdrawn();
    if (!this.#lanes.some((one) => this.#isOpen(one))) this.#withdrawWaiting();
  }

  #checkStuck(): void {
    for (const [lane, { run }] of this.#stuck) if (lane.progress !== run) this.#freed(lane);
  }

  #freed(lane: NativeLane): void {
    const stuck = this.#stuck.get(lane);
    if (stuck?.queue !== undefined) stuck.queue.overdue--;
    this.#stuck.delete(lane);
  }

  #withdrawWaiting(): void {
    for (const queue of this.#turns.splice(0)) {
      for (let run = queue.shift(); run !== undefined; run = queue.shift()) run.withdrawn();
    }
  }
}

/** The lanes of this thread: as many as cores, in a worker thread one. */
export const nativeLanes = new NativeLanes({
  limit() {
    if (!canUseLanes()) return 0;
    return workerThreads().isMainThread ? Math.min(availableParallelism(), MAX_LANES) : 1;
  },
});

/** Lanes call POSIX functions, and need threads whose `receiveMessageOnPort` and addons are Node's. */
function canUseLanes(): boolean {
  const isNode = process.versions.bun === undefined && !("Deno" in globalThis);
  return isNode && (process.platform === "linux" || process.platform === "darwin");
}
