import { createRequire } from "node:module";
import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from "node:worker_threads";
import type koffi from "koffi";
import type { LaneFunction } from "./lane-function.js";
import * as ring from "./lane-ring.js";
import { nowMs } from "./lane-time.js";
import type { NativeFunction } from "./native-function.js";
import { signalMask } from "./signal-mask.js";
import { SpinRest } from "./spin-rest.js";

/** The data that a lane's thread starts with. */
export interface LaneStart {
  readonly ring: ring.LaneRing;
  /** Receives the declarations of functions, in the order of their numbers, before they are first run. */
  readonly functions: MessagePort;
  /** Maximum time in ms that the thread waits for a run before it sleeps. */
  readonly spinMs: number;
  /** Bytes of the stack on which functions run. */
  readonly stackBytes: number;
}

/** Runs the function in a slot, which starts at this index of the ring's numbers. */
type Runner = (numbers: Float64Array, at: number) => unknown;

/** Checks of the state between two yields. */
const CHECKS = 20;

/** A slot is still `DONE` if the caller has not yet taken the result of the run one round before. */
const isFilled = (state: number): boolean => state !== ring.EMPTY && state !== ring.DONE;

/** The thread of a lane: runs what is posted, in order. */
class LaneThread {
  readonly #start: LaneStart;
  readonly #koffi: typeof koffi;
  readonly #yield: () => void;
  readonly #runners: Runner[] = [];
  /** False after a wait in vain. True again after a sleep that was short. */
  #spins = true;
  readonly #rest = new SpinRest();

  constructor(start: LaneStart, library: typeof koffi) {
    this.#start = start;
    this.#koffi = library;
    library.config({ sync_stack_size: start.stackBytes });
    this.#yield = library.load(null).func("sched_yield", "int", []);
    signalMask(() => library)?.block();
  }

  /** Returns when the ring says so. */
  serve(): void {
    const { states } = this.#start.ring;
    for (let run = 0; ; run = (run + 1) | 0) {
      const at = ring.stateOf(run);
      if (!isFilled(Atomics.load(states, at))) this.#wait(at);
      if (Atomics.load(states, at) === ring.STOP) return;
      // If it fails, the run is withdrawn.
      if (Atomics.compareExchange(states, at, ring.POSTED, ring.STARTED) === ring.POSTED)
        this.#run(run);
      Atomics.store(states, at, ring.DONE);
      this.#wakeCaller();
    }
  }

  #run(run: number): void {
    const { numbers } = this.#start.ring;
    const at = ring.numbersOf(run);
    const startedAt = nowMs();
    try {
      const result = this.#runner(numbers[at + ring.FUNCTION] as number)(
        numbers,
        at + ring.FIRST_ARGUMENT,
      );
      numbers[at + ring.RESULT] = Number(result ?? 0);
    } catch {
      numbers[at + ring.RESULT] = ring.FAILED;
    }
    numbers[at + ring.RUN_MS] = nowMs() - startedAt;
  }

  #wakeCaller(): void {
    const { states } = this.#start.ring;
    if (Atomics.load(states, ring.CALLER_SLEEPS) === 0) return;
    if (Atomics.exchange(states, ring.CALLER_SLEEPS, 0) === 1) parentPort?.postMessage("done");
  }

  /** Waits until a slot is filled. */
  #wait(at: number): void {
    const {
      ring: { states },
      spinMs,
    } = this.#start;
    const startedAt = nowMs();
    if (this.#spins && !this.#rest.isOn(startedAt) && this.#spin(at, startedAt, spinMs)) return;
    Atomics.store(states, ring.LANE_SLEEPS, 1);
    const sleptAt = nowMs();
    for (let state = Atomics.load(states, at); !isFilled(state); state = Atomics.load(states, at)) {
      Atomics.wait(states, at, state);
    }
    Atomics.store(states, ring.LANE_SLEEPS, 0);
    this.#spins = nowMs() - sleptAt < 2 * spinMs;
  }

  /** Returns whether the slot was filled in time. */
  #spin(at: number, startedAt: number, spinMs: number): boolean {
    const { states } = this.#start.ring;
    for (let before = startedAt; ; ) {
      for (let i = 0; i < CHECKS; i++) if (isFilled(Atomics.load(states, at))) return true;
      this.#yield();
      const now = nowMs();
      const isOver = isFilled(Atomics.load(states, at));
      if (isOver) this.#rest.yielded(before, now); // The run waited for the core.
      if (isOver || now - startedAt > spinMs) return isOver;
      before = now;
    }
  }

  #runner(index: number): Runner {
    while (this.#runners.length <= index) {
      const received = receiveMessageOnPort(this.#start.functions);
      if (received === undefined) throw new Error(`function ${index} is not declared`);
      this.#runners.push(this.#declare(received.message as LaneFunction));
    }
    return this.#runners[index] as Runner;
  }

  /** Makes a function that calls C with arguments from the ring, in an array that calls reuse. */
  #declare({ address, result, args }: LaneFunction): Runner {
    const fn = this.#koffi.decode(address, this.#koffi.proto(result, [...args])) as NativeFunction;
    const values: number[] = args.map(() => 0);
    return (numbers, at) => {
      for (let i = 0; i < values.length; i++) values[i] = numbers[at + i] as number;
      return fn(...values);
    };
  }
}

const library = createRequire(import.meta.url)("koffi") as typeof koffi;
const thread = new LaneThread(workerData as LaneStart, library);
parentPort?.postMessage("ready");
thread.serve();
process.exit(0);
