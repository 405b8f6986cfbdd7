import { type FunctionTypes, functionAt, type NativeFunction } from "../src/index.js";
import { loadKoffi } from "../src/koffi.js";
import { laneFunctionOf } from "../src/lane-function.js";
import { LaneQueue } from "../src/lane-run.js";
import type { NativeLanes } from "../src/native-lanes.js";

/** Declares a function of the C library, as a library of a servable would. */
export function cFunction(symbol: string, result: string, ...args: string[]): NativeFunction {
  const types: FunctionTypes = { result, args };
  return functionAt(loadKoffi().load(null).symbol(symbol), types);
}

/** Runs of one servable on lanes. */
export class LaneUser {
  readonly queue = new LaneQueue();
  readonly #lanes: NativeLanes;
  readonly #expectedMs: number;

  constructor(lanes: NativeLanes, expectedMs = 0.001) {
    this.#lanes = lanes;
    this.#expectedMs = expectedMs;
  }

  /** Runs a function on a lane. Resolves with the result, or "withdrawn". */
  run(fn: NativeFunction, ...args: unknown[]): Promise<unknown> {
    const lane = laneFunctionOf(fn, args);
    if (lane === undefined) throw new Error("a lane cannot run it");
    return new Promise((resolve, reject) => {
      this.#lanes.run({
        queue: this.queue,
        fn: lane,
        args,
        expectedMs: this.#expectedMs,
        ended: (result) => resolve(result),
        withdrawn: () => resolve("withdrawn"),
        failed: reject,
      });
    });
  }
}

/** Makes calls follow one another closely until this many lanes are ready. */
export async function startLanes(lanes: NativeLanes, user: LaneUser): Promise<void> {
  for (let now = 0; lanes.ready === 0; now += 0.5) {
    for (let i = 0; i < 1_001; i++) lanes.admits(user.queue, now + i * 1e-4);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Calls `labs` this many times by 1, 4, 16 and 300 callers, with pauses at random. Returns the number of wrong results. */
export async function callAtRandom(user: LaneUser, total: number): Promise<number> {
  const labs = cFunction("labs", "int64_t", "int64_t");
  let wrong = 0;
  async function caller(first: number, count: number) {
    for (let i = first; i < first + count; i++) {
      if ((await user.run(labs, -i)) !== i) wrong++;
      await pauseAtRandom();
    }
  }
  for (const callers of [1, 4, 16, 300]) {
    const count = Math.ceil(total / 4 / callers);
    await Promise.all(Array.from({ length: callers }, (_, i) => caller(i * count, count)));
  }
  return wrong;
}

/** Pauses of some kinds let both threads fall asleep at different moments. */
async function pauseAtRandom(): Promise<void> {
  const dice = Math.random();
  if (dice < 0.001) await new Promise((resolve) => setTimeout(resolve, 1));
  else if (dice < 0.01) await new Promise((resolve) => setImmediate(resolve));
  else if (dice < 0.012) {
    const end = performance.now() + Math.random() * 0.12;
    while (performance.now() < end);
  }
}
