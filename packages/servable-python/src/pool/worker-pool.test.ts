import { silentLogger, systemClock } from "@serving-kit/core";
import { FakeClock, turn } from "@serving-kit/testing";
import { expect, it } from "vitest";
import type { CallHeader, WorkerModel } from "../protocol/worker-protocol.js";
import type { Ending } from "../worker/ending.js";
import type { PythonWorker, Reply } from "../worker/python-worker.js";
import { WorkerLog } from "../worker/worker-log.js";
import { restartDelayMs } from "./backoff.js";
import { WorkerPool } from "./worker-pool.js";

const RESPOND: CallHeader = { kind: "respond" };

/** A worker whose calls are answered, and whose end comes, when the test says so. */
class FakeWorker {
  static pids = 0;
  readonly pid = ++FakeWorker.pids;
  readonly model: WorkerModel = { takes: "bodies" };
  readonly ended: Promise<Ending>;
  readonly calls: { resolve(reply: Reply): void; reject(ending: Ending): void }[] = [];
  isClosed = false;
  #end!: (ending: Ending) => void;

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  call(): Promise<Reply> {
    return new Promise((resolve, reject) => this.calls.push({ resolve, reject }));
  }

  answer(): void {
    const answer = { kind: "answer", id: this.pid } as const;
    this.calls.shift()?.resolve({ answer, body: new Uint8Array(0) });
  }

  kill(ending: Ending): void {
    for (const call of this.calls) call.reject(ending);
    this.#end(ending);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.kill({ kind: "exit", text: "ended" });
  }
}

async function world(options: Partial<Parameters<typeof WorkerPool.open>[0]> = {}) {
  const clock = new FakeClock();
  const workers: FakeWorker[] = [];
  const failures: unknown[] = [];
  const pool = await WorkerPool.open(
    {
      ...{ name: "model m version 1", workers: 1, concurrency: 1, hangTimeoutMs: 0, clock },
      log: new WorkerLog(silentLogger, { name: "m", version: 1n }),
      async start() {
        if (failures.length > 0) throw failures.shift();
        const worker = new FakeWorker();
        workers.push(worker);
        return worker as unknown as PythonWorker;
      },
      ...options,
    },
    new AbortController().signal,
  );
  const call = (limits = {}) => pool.call(RESPOND, [], limits);
  return { pool, clock, workers, failures, call, last: () => workers.at(-1) as FakeWorker };
}

const died: Ending = { kind: "signal", text: "was ended by SIGSEGV" };
const outcome = (call: Promise<unknown>) =>
  call.then(
    () => "answered",
    ({ reason }) => reason,
  );

it("WP1 a call goes to the idlest worker with room, else it waits, first in first out", async () => {
  const { pool, workers, call } = await world({ workers: 2, concurrency: 2 });
  const calls = [1, 2, 3, 4, 5, 6].map(() => call());
  expect(workers.map(({ calls: running }) => running.length)).toEqual([2, 2]);
  expect([pool.busy, pool.waiting]).toEqual([2, 2]);
  workers[1]?.answer();
  await turn();
  expect(pool.waiting).toBe(1);
  for (const worker of [...workers, ...workers, ...workers]) {
    worker.answer();
    await turn();
  }
  await Promise.all(calls);
  await pool[Symbol.asyncDispose]();
});

it("WP2 an ending rejects the calls that ran; those that wait keep their place", async () => {
  const { pool, workers, call } = await world();
  const [first, second] = [outcome(call()), outcome(call())];
  workers[0]?.kill(died);
  expect(await first).toBe("PYTHON_WORKER_DIED");
  await turn();
  workers[1]?.answer();
  expect(await second).toBe("answered");
  expect([...pool.restarts]).toEqual([["signal", 1]]);
  await pool[Symbol.asyncDispose]();
});

it("WP3 a restart waits longer each time, until a call was answered", async () => {
  expect([0, 1, 2, 3, 7, 8, 9, 1_000].map(restartDelayMs)).toEqual([
    ...[0, 250, 500, 1_000, 16_000, 30_000, 30_000, 30_000],
  ]);
  const { pool, clock, workers, last, call } = await world();
  last().kill(died);
  await turn();
  expect(workers).toHaveLength(2);
  for (const delayMs of [250, 500]) {
    const count = workers.length;
    last().kill(died);
    await turn();
    await clock.advance(delayMs - 1);
    await turn();
    expect(workers).toHaveLength(count);
    await clock.advance(1);
    await turn();
    expect(workers).toHaveLength(count + 1);
  }
  const answered = call();
  last().answer();
  await answered;
  const count = workers.length;
  last().kill(died);
  await turn();
  expect(workers).toHaveLength(count + 1);
  await pool[Symbol.asyncDispose]();
});

it("WP4 a deadline and a signal end a call; its worker is busy until it answers", async () => {
  const { pool, clock, last, call } = await world();
  const late = outcome(call({ deadlineAtMs: clock.now() + 10 }));
  const controller = new AbortController();
  const aborted = call({ signal: controller.signal });
  controller.abort("enough");
  await expect(aborted).rejects.toBe("enough");
  await clock.advance(10);
  expect(await late).toBe("DEADLINE_EXCEEDED");
  expect([pool.busy, pool.waiting, last().isClosed]).toEqual([1, 0, false]);
  last().answer();
  await turn();
  expect(pool.busy).toBe(0);
  await pool[Symbol.asyncDispose]();
});

it("WP5 a worker is killed when its oldest call has run for hangTimeoutMs, and not before", async () => {
  const { pool, clock, workers, last, call } = await world({ hangTimeoutMs: 100 });
  const short = call();
  await clock.advance(60);
  last().answer();
  await short;
  const long = outcome(call());
  await clock.advance(60); // the timer of the first call
  await turn();
  expect(workers).toHaveLength(1);
  await clock.advance(40);
  expect(await long).toBe("PYTHON_WORKER_DIED");
  expect([...pool.restarts]).toEqual([["hang", 1]]);
  await pool[Symbol.asyncDispose]();
});

it("WP6 a call that no worker will be up for in time rejects with how the last one ended", async () => {
  const { pool, clock, failures, last, call } = await world();
  failures.push(new Error("no weights"), new Error("no weights"));
  last().kill(died);
  await turn();
  await clock.advance(250);
  await turn(); // down for 500 ms
  const soon = call({ deadlineAtMs: clock.now() + 499 });
  await expect(soon).rejects.toMatchObject({
    code: "UNAVAILABLE",
    reason: "PYTHON_NO_WORKER",
    message:
      "model m version 1: no Python process runs; the last one did not start: no weights. The next start is in 1 s",
  });
  const later = outcome(call({ deadlineAtMs: clock.now() + 501 }));
  await clock.advance(500);
  await turn();
  last().answer();
  expect(await later).toBe("answered");
  await pool[Symbol.asyncDispose]();
});

it("WP7 disposal waits for calls in flight, then closes the workers, and rejects calls", async () => {
  const { pool, last, call } = await world();
  const running = call();
  const disposal = pool[Symbol.asyncDispose]();
  await turn();
  expect(last().isClosed).toBe(false);
  expect(await outcome(call())).toBe("PREDICTOR_CLOSED");
  last().answer();
  await running;
  await disposal;
  expect(last().isClosed).toBe(true);
});

it("WP7 disposal does not wait for workers that do not start", async () => {
  const { pool, clock, failures, last, call } = await world();
  failures.push(...Array.from({ length: 9 }, () => new Error("no weights")));
  last().kill(died);
  await turn();
  await clock.advance(250);
  await turn();
  const waiting = outcome(call());
  await pool[Symbol.asyncDispose]();
  expect(await waiting).toBe("PYTHON_NO_WORKER");
});

it("if one of several workers does not start, the others are closed", async () => {
  const closed: FakeWorker[] = [];
  const opening = WorkerPool.open(
    {
      ...{ name: "m", workers: 2, concurrency: 1, hangTimeoutMs: 0, clock: systemClock },
      log: new WorkerLog(silentLogger, { name: "m", version: 1n }),
      async start(worker) {
        if (worker === 1) throw new Error("no weights");
        closed.push(new FakeWorker());
        return closed[0] as unknown as PythonWorker;
      },
    },
    new AbortController().signal,
  );
  await expect(opening).rejects.toThrow("no weights");
  expect(closed[0]?.isClosed).toBe(true);
});
