import type { MessagePort, Worker } from "node:worker_threads";
import { startWorker } from "@serving-kit/core";
import { loadKoffi } from "./koffi.js";
import type { LaneFunction } from "./lane-function.js";
import * as ring from "./lane-ring.js";
import type { LaneRun } from "./lane-run.js";
import { nextTurn, nowMs } from "./lane-time.js";
import type { LaneStart } from "./lane-worker.js";
import { SpinRest } from "./spin-rest.js";
import { STACK_BYTES } from "./stack-bytes.js";
import { workerThreads } from "./worker-threads.js";

/** Maximum time in ms that one of the threads waits for the other before it sleeps. */
const SPIN_MS = 0.05;

/** The states of a lane's thread. */
export type LaneState = "starting" | "ready" | "closing" | "ended";

/** Callbacks of a lane. */
export interface LaneEvents {
  /** Runs have ended, so that there is room. */
  onRoom(): void;
  /** The event loop no longer checks for the end of runs: a message will wake it. */
  onSleep(): void;
  /** The thread is ready, or has ended. */
  onChange(): void;
}

/**
 * One thread that runs native functions, one at a time, in the order of `post`. Threads that wait for each other first
 * spin for at most 50 µs, and yield the core meanwhile; a spin in vain turns spins off until a sleep was short.
 */
export class NativeLane {
  readonly #ring = ring.createRing();
  readonly #events: LaneEvents;
  readonly #worker: Worker;
  readonly #functions: MessagePort;
  readonly #numbers = new Map<LaneFunction, number>();
  readonly #runs: (LaneRun | undefined)[] = Array(ring.SLOTS).fill(undefined);
  readonly #yield: () => void;
  /** Numbers of the next run to post, and of the first that has not ended. */
  #head = 0;
  #tail = 0;
  #state: LaneState = "starting";
  #expectedMs = 0;
  /** The time in ms of all runs that have ended. */
  #ranMs = 0;
  #isPolling = false;
  #sleeps = false;
  #pollsUntil = 0;
  #sleptAt = 0;
  #polls = true;
  readonly #rest = new SpinRest();

  /** @throws if this process cannot start threads. */
  constructor(events: LaneEvents) {
    this.#events = events;
    this.#yield = loadKoffi().load(null).func("sched_yield", "int", []);
    const { port1, port2 } = new (workerThreads().MessageChannel)();
    this.#functions = port1;
    port1.unref();
    const start: LaneStart = {
      ring: this.#ring,
      functions: port2,
      spinMs: SPIN_MS,
      stackBytes: STACK_BYTES,
    };
    this.#worker = startWorker("./lane-worker", import.meta.url, {
      workerData: start,
      transferList: [port2],
      // The thread allocates little.
      resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 32 },
    });
    this.#worker.on("message", (message) => {
      if (message === "ready") this.#ready();
      else this.#wake();
    });
    this.#worker.on("error", () => this.#end()).on("exit", () => this.#end());
    this.#worker.unref();
  }

  get state(): LaneState {
    return this.#state;
  }

  /** Number of runs that have not ended. */
  get pending(): number {
    return (this.#head - this.#tail) | 0;
  }

  /** The number of the first run that has not ended: it stays the same while that run takes long. */
  get progress(): number {
    return this.#tail;
  }

  /** The expected time in ms of the pending runs. */
  get expectedMs(): number {
    return this.pending === 0 ? 0 : this.#expectedMs;
  }

  /** True if the thread sleeps until it gets a run. */
  get isAsleep(): boolean {
    return Atomics.load(this.#ring.states, ring.LANE_SLEEPS) === 1;
  }

  /** Returns whether the event loop does not poll, because the machine is loaded: a run then needs two wake-ups. */
  isResting(now: number): boolean {
    return this.#rest.isOn(now);
  }

  get hasRoom(): boolean {
    return this.#state === "ready" && this.pending < ring.SLOTS;
  }

  /** Posts a run. The lane must have room. */
  post(run: LaneRun): void {
    const { states } = this.#ring;
    this.#write(run);
    const at = ring.stateOf(this.#head);
    this.#runs[this.#head & (ring.SLOTS - 1)] = run;
    if (this.pending === 0) this.#expectedMs = 0;
    this.#expectedMs += run.expectedMs;
    this.#head = (this.#head + 1) | 0;
    Atomics.store(states, at, ring.POSTED);
    if (Atomics.load(states, ring.LANE_SLEEPS) === 1) Atomics.notify(states, at);
    if (!this.#isPolling && !this.#sleeps) this.#watch();
  }

  /** Withdraws the runs that have not started. Returns them, in order. */
  withdraw(): LaneRun[] {
    const withdrawn: LaneRun[] = [];
    for (let number = this.#tail; number !== this.#head; number = (number + 1) | 0) {
      const run = this.#runs[number & (ring.SLOTS - 1)];
      if (run === undefined || !this.#tryWithdraw(number)) continue;
      this.#runs[number & (ring.SLOTS - 1)] = undefined;
      this.#expectedMs -= run.expectedMs;
      withdrawn.push(run);
    }
    return withdrawn;
  }

  /** The run that the thread executes, or is about to. */
  get current(): LaneRun | undefined {
    return this.pending === 0 ? undefined : this.#runs[this.#tail & (ring.SLOTS - 1)];
  }

  /** Ends the thread after its current run; runs that have not started are withdrawn. Resolves when it has ended. */
  async close(): Promise<void> {
    if (this.#state === "ended") return;
    const ended = new Promise<void>((resolve) => this.#worker.once("exit", () => resolve()));
    this.#state = "closing";
    for (const run of this.withdraw()) run.withdrawn();
    this.#worker.ref();
    this.#stopIfIdle();
    await ended;
  }

  /** The slot of the next run is free only if it is not also the slot of a pending run. */
  #stopIfIdle(): void {
    if (this.#state !== "closing" || this.pending > 0) return;
    const at = ring.stateOf(this.#head);
    Atomics.store(this.#ring.states, at, ring.STOP);
    Atomics.notify(this.#ring.states, at);
    this.#worker.ref();
  }

  #tryWithdraw(number: number): boolean {
    const { states } = this.#ring;
    const at = ring.stateOf(number);
    return Atomics.compareExchange(states, at, ring.POSTED, ring.WITHDRAWN) === ring.POSTED;
  }

  /** Writes the function and the arguments to the next slot. */
  #write({ fn, args }: LaneRun): void {
    const { numbers } = this.#ring;
    const at = ring.numbersOf(this.#head);
    let number = this.#numbers.get(fn);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(fn, number);
      this.#functions.postMessage(fn);
    }
    numbers[at + ring.FUNCTION] = number;
    const { address } = loadKoffi();
    for (let i = 0; i < args.length; i++) {
      const value = args[i];
      numbers[at + ring.FIRST_ARGUMENT + i] =
        typeof value === "number"
          ? value
          : ArrayBuffer.isView(value)
            ? Number(address(value))
            : Number(value);
    }
  }

  #watch(): void {
    const now = nowMs();
    if (!this.#polls || this.#rest.isOn(now)) {
      this.#sleep();
      return;
    }
    this.#isPolling = true;
    this.#pollsUntil = now + SPIN_MS;
    nextTurn(this.#poll);
  }

  readonly #poll = (): void => {
    const before = this.#tail;
    this.settle();
    let now = nowMs();
    if (this.pending > 0 && now < this.#pollsUntil) now = this.#giveWay(now);
    if (this.pending === 0) {
      this.#isPolling = false;
      return;
    }
    if (this.#tail !== before) this.#pollsUntil = now + SPIN_MS;
    if (now < this.#pollsUntil) {
      nextTurn(this.#poll);
      return;
    }
    this.#isPolling = false;
    this.#polls = false;
    this.#sleep();
  };

  /** Yields the core, to the lane if it shares the core. Returns the time. */
  #giveWay(from: number): number {
    const [tail, ranMs] = [this.#tail, this.#ranMs];
    this.#yield();
    const now = nowMs();
    this.settle();
    // A yield delays nothing if nothing has ended meanwhile, or while the lane runs.
    if (this.#tail !== tail) this.#rest.yielded(from, now - (this.#ranMs - ranMs));
    return now;
  }

  #sleep(): void {
    const { states } = this.#ring;
    this.#sleeps = true;
    this.#sleptAt = nowMs();
    Atomics.store(states, ring.CALLER_SLEEPS, 1);
    const hasEnded = Atomics.load(states, ring.stateOf(this.#tail)) === ring.DONE;
    if (hasEnded && Atomics.exchange(states, ring.CALLER_SLEEPS, 0) === 1) {
      nextTurn(this.#wake);
      return;
    }
    this.#worker.ref();
    this.#events.onSleep();
  }

  readonly #wake = (): void => {
    this.#sleeps = false;
    this.#worker.unref();
    if (nowMs() - this.#sleptAt < 2 * SPIN_MS) this.#polls = true;
    this.settle();
    if (this.pending > 0 && !this.#isPolling && !this.#sleeps) this.#watch();
  };

  /** Reports the runs that have ended. */
  settle(): void {
    const { states } = this.#ring;
    let hasSettled = false;
    while (this.pending > 0) {
      const at = ring.stateOf(this.#tail);
      if (Atomics.load(states, at) !== ring.DONE) break;
      this.#settleOne(at);
      hasSettled = true;
    }
    if (hasSettled) this.#events.onRoom();
    this.#stopIfIdle();
  }

  #settleOne(at: number): void {
    const { states, numbers } = this.#ring;
    const slot = this.#tail & (ring.SLOTS - 1);
    const run = this.#runs[slot];
    const result = numbers[ring.numbersOf(this.#tail) + ring.RESULT] as number;
    const ms = numbers[ring.numbersOf(this.#tail) + ring.RUN_MS] as number;
    this.#runs[slot] = undefined;
    this.#tail = (this.#tail + 1) | 0;
    this.#ranMs += ms;
    Atomics.store(states, at, ring.EMPTY);
    if (run === undefined) return;
    this.#expectedMs -= run.expectedMs;
    if (result === ring.FAILED) run.failed(new Error("a lane could not call the function"));
    else run.ended(resultOf(run.fn, result), ms);
  }

  #ready(): void {
    if (this.#state !== "starting") return;
    this.#state = "ready";
    this.#events.onChange();
  }

  #end(): void {
    if (this.#state === "ended") return;
    this.settle();
    this.#state = "ended";
    for (const run of this.withdraw()) run.withdrawn();
    for (; this.pending > 0; this.#tail = (this.#tail + 1) | 0) {
      this.current?.failed(new Error("the thread of a lane ended during the run"));
    }
    this.#events.onChange();
  }
}

function resultOf(fn: LaneFunction, result: number): number | bigint | null | undefined {
  if (fn.result === "void") return undefined;
  if (!fn.returnsPointer) return result;
  return result === 0 ? null : BigInt(result);
}
