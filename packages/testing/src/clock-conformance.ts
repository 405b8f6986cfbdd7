import assert from "node:assert/strict";
import type { Clock } from "@serving-kit/core";
import type { Runner, SuiteOptions } from "./runner.js";
import { registerSuite, type Tests } from "./suite.js";

/** A clock with a function that advances it. */
export interface ClockSubject {
  readonly clock: Clock;
  /** Resolves when at least this many milliseconds have passed on the clock, and all due callbacks have run. */
  advance(ms: number): Promise<void>;
}

/** Options for `clockConformance`. */
export interface ClockConformanceOptions extends SuiteOptions {
  /** Creates a clock. All tests may share one. */
  create(): ClockSubject;
}

/** Registers the tests that verify that a clock keeps the contract of `Clock`: K1 to K3. */
export function clockConformance(runner: Runner, options: ClockConformanceOptions): void {
  registerSuite(runner, options, "Clock", {}, clockClauses(options));
}

function clockClauses({ create }: ClockConformanceOptions): Tests {
  return {
    "K1 now is in milliseconds and never goes backwards": async () => {
      const { clock, advance } = create();
      let before = clock.now();
      assert.ok(Number.isFinite(before), `expected a finite number; got ${before}`);
      for (const ms of [0, 1, 5, 0]) {
        await advance(ms);
        const passedMs = clock.now() - before;
        assert.ok(passedMs >= ms, `expected ${ms} ms or more to have passed; got ${passedMs}`);
        before = clock.now();
      }
    },

    "K2 a callback runs at most once, and never within the call that set it": async () => {
      const { clock, advance } = create();
      const runs = { timeout: 0, immediate: 0 };
      clock.setTimeout(() => runs.timeout++, 1);
      clock.setImmediate(() => runs.immediate++);
      assert.deepEqual(runs, { timeout: 0, immediate: 0 }, "runs within the call");
      await advance(5);
      await advance(5);
      assert.deepEqual(runs, { timeout: 1, immediate: 1 }, "runs in the end");
    },

    "K2 a callback never runs after its Disposable was disposed": async () => {
      const { clock, advance } = create();
      const runs: string[] = [];
      const disposed = [
        clock.setTimeout(() => runs.push("timeout"), 1),
        clock.setImmediate(() => runs.push("immediate")),
      ];
      const late = clock.setTimeout(() => runs.push("late"), 8);
      clock.setTimeout(() => late[Symbol.dispose](), 1);
      // Disposing a callback twice, or after it has run, does nothing.
      for (const disposable of [...disposed, ...disposed]) disposable[Symbol.dispose]();
      const ran = clock.setTimeout(() => runs.push("ran"), 1);
      await advance(20);
      ran[Symbol.dispose]();
      assert.equal(runs.join(), "ran");
    },

    "K3 callbacks run in order of due time; equal ones keep the order of setting": async () => {
      const { clock, advance } = create();
      const runs: string[] = [];
      for (const [name, delayMs] of [
        ["c", 12],
        ["a", 2],
        ["b1", 7],
        ["b2", 7],
        ["b3", 7],
      ] as const) {
        clock.setTimeout(() => runs.push(name), delayMs);
      }
      await advance(20);
      assert.deepEqual(runs, ["a", "b1", "b2", "b3", "c"]);
    },
  };
}
