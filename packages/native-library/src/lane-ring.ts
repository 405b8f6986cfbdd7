/**
 * The memory that a lane's two threads share: a ring of slots, one per run, and two flags.
 *
 * The state of a slot moves from `EMPTY` to `POSTED` (by the caller), `STARTED` (by the lane) and `DONE` (by the lane),
 * and back to `EMPTY` (by the caller). The caller can change `POSTED` to `WITHDRAWN`: the lane then marks the slot
 * `DONE` without a run. Each change from `POSTED` is a compare-exchange, so a slot is either started or withdrawn.
 */
export interface LaneRing {
  /** States and flags, each in a cache line of its own. */
  readonly states: Int32Array;
  /** `WIDTH` numbers per slot. */
  readonly numbers: Float64Array;
}

/** Slots of a ring: a power of 2. */
export const SLOTS = 128;

/** Maximum arguments of a function. */
export const MAX_ARGUMENTS = 13;

/** The numbers of a slot: the function, its arguments, its result, and the time of the run in ms. */
export const FUNCTION = 0;
export const FIRST_ARGUMENT = 1;
export const RESULT = 14;
export const RUN_MS = 15;
export const WIDTH = 16;

export const EMPTY = 0;
export const POSTED = 1;
export const STARTED = 2;
export const DONE = 3;
export const WITHDRAWN = 4;
/** In an empty slot: the lane ends when it reaches the slot. */
export const STOP = 5;

/** A result that means that the call threw in the lane: no native function returns it. */
export const FAILED = Number.NEGATIVE_INFINITY;

/** Words per cache line of 64 bytes. */
const LINE = 16;

/** 1 while the lane sleeps: the caller must notify it. */
export const LANE_SLEEPS = SLOTS * LINE;
/** 1 while the caller sleeps: the lane must send a message to it, and reset the flag. */
export const CALLER_SLEEPS = (SLOTS + 1) * LINE;

/** The index of the state of the run with this number. */
export const stateOf = (run: number): number => (run & (SLOTS - 1)) * LINE;
/** The index of the first number of the run with this number. */
export const numbersOf = (run: number): number => (run & (SLOTS - 1)) * WIDTH;

/** Creates a ring without runs. */
export function createRing(): LaneRing {
  return {
    states: new Int32Array(new SharedArrayBuffer((SLOTS + 2) * LINE * 4)),
    numbers: new Float64Array(new SharedArrayBuffer(SLOTS * WIDTH * 8)),
  };
}
