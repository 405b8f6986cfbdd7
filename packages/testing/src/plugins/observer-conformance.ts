import assert from "node:assert/strict";
import { type ServableId, ServingError, servableId, silentLogger } from "@serving-kit/core";
import { tensor } from "@serving-kit/inference";
import type {
  CallObservation,
  LoopObserver,
  Observer,
  ObserverHost,
  PredictCall,
} from "@serving-kit/server";
import { longestBlockMs } from "../event-loop-block.js";
import { FakeClock } from "../fake-clock.js";
import type { Runner, SuiteOptions } from "../runner.js";
import { registerSuite, type Tests } from "../suite.js";
import { DEFAULT_TIMEOUT_MS, within } from "../waiting.js";
import { reachable } from "./collected.js";
import { assertModule } from "./plugin-module.js";

/** Options for `observerConformance`. */
export interface ObserverConformanceOptions extends SuiteOptions {
  /** Creates an observer. */
  create(): Observer | Promise<Observer>;
  /** The `api` of calls that it observes. Default `Predict`. */
  readonly apis?: readonly string[];
  /** Names of counters that it provides. Default none. */
  readonly counters?: readonly string[];
  /** Maximum time in real ms for which the event loop may be blocked by 100 calls. Default 50. */
  readonly maxBlockMs?: number;
}

const NAMES = ["m", "", "__proto__", "a/b", "ü 漢", "x".repeat(1_000)];

const errors = (): unknown[] => [
  undefined,
  new ServingError("NOT_FOUND", "SERVABLE_NOT_FOUND", "no such model"),
  new TypeError("it failed"),
  new DOMException("it was aborted", "AbortError"),
  "a string",
  null,
];

/**
 * Registers the tests that verify that an observer keeps its side of the contract of `Observer`: OB1 to OB5, and PL1.
 */
export function observerConformance(runner: Runner, options: ObserverConformanceOptions): void {
  registerSuite(runner, options, "Observer", {}, clauses(options));
}

function clauses(options: ObserverConformanceOptions): Tests {
  const { apis = ["Predict"], counters = [], maxBlockMs = 50 } = options;
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const withLoops = (test: (loops: Loops) => Promise<void>) => async () => {
    const loops = new Loops(await options.create());
    try {
      await test(loops);
    } finally {
      await within(loops.dispose(), timeoutMs, "expected disposal to end").catch(() => {});
    }
  };
  return {
    "OB1 nothing that it does throws or returns a promise": withLoops(async ({ main, worker }) => {
      const models = NAMES.map((name) => ({ name, basePath: `/${name}` }));
      nothing(main.configure?.(models), "configure");
      for (const observer of [main, worker]) {
        for (const name of NAMES) {
          for (const api of [...apis, "(other)"]) {
            for (const error of errors()) callOf(observer, { api, name, error });
          }
        }
        const entries = [{ size: 3, enqueuedAtMs: 0 }];
        nothing(
          observer.batchStarted?.({ size: 3, paddedSize: 4, startedAtMs: 5, entries }),
          "batchStarted",
        );
      }
      const end = main.loading?.(servableId("m", 1), "/m/1")?.();
      nothing(end?.({ records: 1 }), "the end of a warm-up");
      main.loading?.(servableId("m", 2), "/m/2");
      nothing(main.configure?.([]), "configure");
    }),

    "OB1 it does not block the event loop": withLoops(async ({ main }) => {
      const calls = async () => {
        for (let i = 0; i < 100; i++) callOf(main, { api: apis[0] ?? "", name: "m" });
      };
      let blockMs = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 5 && blockMs > maxBlockMs; i++) {
        blockMs = Math.min(blockMs, await longestBlockMs(calls));
      }
      assert.ok(blockMs <= maxBlockMs, `blocked for at most ${maxBlockMs} ms; got ${blockMs} ms`);
    }),

    "OB2 it keeps nothing that it was lent": withLoops(async ({ main, worker }) => {
      const lent: WeakRef<object>[] = [];
      for (const observer of [main, worker]) {
        for (const api of apis) {
          for (const error of errors()) callOf(observer, { api, name: "m", error, lent });
        }
        lent.push(lentBatch(observer));
      }
      assert.equal(await reachable(lent, timeoutMs), 0, "calls and batches that are kept");
    }),

    "OB3 what it sends to other event loops survives cloning": withLoops(async (loops) => {
      const { main, worker } = loops;
      main.configure?.([{ name: "m", basePath: "/m" }]);
      callOf(main, { api: apis[0] ?? "", name: "m" });
      loops.tell();
      callOf(worker, { api: apis[0] ?? "", name: "m" });
      await within(Promise.all([main.counts?.(counters)]), timeoutMs, "expected counts");
      await within(loops.dispose(), timeoutMs, "expected disposal to end");
      assert.deepEqual(loops.failures, [], "messages that failed");
    }),

    "OB4 counts has numbers, of names that were asked for": withLoops(async ({ main }) => {
      callOf(main, { api: apis[0] ?? "", name: "m" });
      const asked = [...counters, "no_such_counter"];
      const counts =
        (await within(Promise.resolve(main.counts?.(asked)), timeoutMs, "counts")) ?? [];
      for (const [name, count] of counts) {
        assert.ok(asked.includes(name), `expected one of ${asked}; got ${name}`);
        assert.ok(Number.isFinite(count), `expected a number for ${name}; got ${count}`);
      }
      const known = new Map(counts);
      for (const name of counters) assert.ok(known.has(name), `expected a count for ${name}`);
    }),

    "OB5 disposal ends, leaves no timer, and may be repeated": withLoops(async (loops) => {
      callOf(loops.main, { api: apis[0] ?? "", name: "m" });
      callOf(loops.worker, { api: apis[0] ?? "", name: "m" });
      for (let i = 0; i < 2; i++) {
        await within(loops.dispose(), timeoutMs, "expected disposal to end");
        assert.equal(loops.clock.pending, 0, "timers that are left");
      }
    }),

    "PL1 its module exports it, for other event loops": async () => {
      await assertModule(await options.create());
    },
  };
}

interface ObservedCall {
  readonly api: string;
  readonly name: string;
  readonly error?: unknown;
  /** Collects the objects that the observer borrowed. */
  readonly lent?: WeakRef<object>[];
}

/** Reports a call to the observer: one that runs, one that ends before its run, or one that fails during its run. */
function callOf(observer: LoopObserver, { api, name, error, lent }: ObservedCall): void {
  const begin = () => {
    const context = { peer: "127.0.0.1", headers: { traceparent: "00-x" } };
    return observer.begin?.({ api, entrypoint: "conformance/http", model: name, context });
  };
  const run = (observation: CallObservation | undefined, id: ServableId, hasRun: boolean) => {
    const call: PredictCall = { inputs: { x: tensor("float32", [3], [1, 2, 3]) } };
    lent?.push(new WeakRef(call), new WeakRef(call.inputs.x?.data as object));
    nothing(observation?.running(id, call), "running");
    if (hasRun) nothing(observation?.ran(), "ran");
  };
  for (const runs of [undefined, false, true]) {
    const observation = begin();
    if (runs !== undefined) run(observation, { name, version: 1n }, runs);
    nothing(observation?.end(error), "end");
  }
}

/** Passes a batch to an observer, in a separate function, because a variable of the test would keep the batch alive. */
function lentBatch(observer: LoopObserver): WeakRef<object> {
  const batch = { size: 1, paddedSize: 1, startedAtMs: 0, entries: [] };
  observer.batchStarted?.(batch);
  return new WeakRef(batch);
}

function nothing(returned: unknown, of: string): void {
  assert.equal(returned, undefined, `what ${of} returns`);
}

/** The observers of two event loops, whose messages are cloned. */
class Loops {
  readonly clock = new FakeClock();
  readonly main: LoopObserver;
  readonly worker: LoopObserver;
  /** The failures of the messages. */
  readonly failures: unknown[] = [];

  constructor(plugin: Observer) {
    this.main = plugin.observe(this.#host(true));
    this.worker = plugin.observe(this.#host(false));
    this.tell();
  }

  /** Passes on the news of the main thread. */
  tell(): void {
    if (!this.worker) return; // it receives the news when it starts
    try {
      if (this.main.news) this.worker.learn?.(structuredClone(this.main.news()));
    } catch (error) {
      this.failures.push(error);
    }
  }

  async dispose(): Promise<void> {
    await this.worker[Symbol.asyncDispose]?.();
    await this.main[Symbol.asyncDispose]?.();
  }

  #host(isMain: boolean): ObserverHost {
    const ask = async (observer: LoopObserver, message: unknown) => {
      try {
        return structuredClone(await observer.answer?.(structuredClone(message)));
      } catch (error) {
        this.failures.push(error);
        throw error;
      }
    };
    const peer = { hasEnded: false, ask: (message: unknown) => ask(this.worker, message) };
    return {
      ...{ isMain, clock: this.clock, logger: silentLogger },
      states: () => [],
      modelNames: () => ["m"],
      inspect: () => undefined,
      peers: () => (isMain && this.worker ? [peer] : []),
      askMain: (message) => ask(this.main, message),
      newsChanged: () => this.tell(),
    };
  }
}
