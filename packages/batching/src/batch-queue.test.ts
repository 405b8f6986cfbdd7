import { getEventListeners } from "node:events";
import { shareSignal } from "@serving-kit/core";
import { deferred, FakeClock, turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import type { BatchEvent } from "./batch-event.js";
import { type CreateBatchQueueOptions, createBatchQueue } from "./batch-queue.js";
import type { BatchContext } from "./batch-scheduler.js";

/** A scheduler on a stopped clock, and the batches that it ran. */
function recordingScheduler(options: CreateBatchQueueOptions<string, string> = {}) {
  const clock = new FakeClock();
  const batches: string[][] = [];
  const contexts: BatchContext[] = [];
  const scheduler = createBatchQueue<string, string>(
    (tasks, context) => {
      batches.push([...tasks]);
      contexts.push(context);
      return tasks.map((task) => `${task}!`);
    },
    { slots: 1, clock, ...options },
  );
  return { scheduler, clock, batches, contexts };
}

/** A scheduler whose batches end on request of the test. */
function puppetScheduler(options: CreateBatchQueueOptions<string, string> = {}) {
  const clock = new FakeClock();
  const running: { tasks: string[]; end(): Promise<void>; fail(error: unknown): Promise<void> }[] =
    [];
  const scheduler = createBatchQueue<string, string>(
    (tasks) => {
      const { promise, resolve, reject } = deferred<string[]>();
      running.push({
        tasks: [...tasks],
        end: async () => {
          resolve(tasks.map((task) => `${task}!`));
          await clock.advance();
        },
        fail: async (error) => {
          reject(error);
          await clock.advance();
        },
      });
      return promise;
    },
    { slots: 1, clock, ...options },
  );
  return { scheduler, clock, running, batches: () => running.map(({ tasks }) => tasks) };
}

const settled = (promises: readonly Promise<unknown>[]) =>
  Promise.allSettled(promises).then((all) =>
    all.map((one) => (one.status === "fulfilled" ? one.value : (one.reason.reason ?? one.reason))),
  );

describe("BatchQueue", () => {
  it("B4 batches tasks scheduled in one turn of the event loop, and never starts a batch within schedule", async () => {
    const { scheduler, clock, batches } = recordingScheduler();
    const results = Promise.all(["a", "b", "c"].map((task) => scheduler.schedule(task)));
    expect(batches).toEqual([]);
    await clock.advance();
    expect(batches).toEqual([["a", "b", "c"]]);
    expect(await results).toEqual(["a!", "b!", "c!"]);
    expect(clock.pending).toBe(0);
  });

  it("B4 idle-first: a lone task does not wait for the timeout", async () => {
    const { scheduler, clock, batches } = recordingScheduler({ batchTimeoutMs: 100 });
    void scheduler.schedule("a");
    await clock.advance();
    expect(batches).toEqual([["a"]]);
  });

  it("B4 idle-first: with a free slot while a batch runs, a task waits up to the timeout", async () => {
    const { scheduler, clock, batches } = puppetScheduler({ slots: 2, batchTimeoutMs: 10 });
    void scheduler.schedule("a");
    await clock.advance();
    void scheduler.schedule("b");
    await clock.advance(9);
    expect(batches()).toEqual([["a"]]);
    await clock.advance(1);
    expect(batches()).toEqual([["a"], ["b"]]);
  });

  it("B4 idle-first: a waiting task goes as soon as the running batch has ended", async () => {
    const { scheduler, clock, running, batches } = puppetScheduler({
      slots: 2,
      batchTimeoutMs: 10,
    });
    void scheduler.schedule("a");
    await clock.advance();
    void scheduler.schedule("b");
    await clock.advance(3);
    await running[0]?.end();
    expect(batches()).toEqual([["a"], ["b"]]);
  });

  describe("B4 idle-first: while a batch of several tasks runs that usually takes 80 ms", () => {
    async function afterOne(timing?: "batch-timeout") {
      const all = puppetScheduler({ slots: 2, ...(timing && { timing }) });
      const answers = new Map<string, Promise<string>>();
      const { scheduler, clock, running } = all;
      for (const tasks of [
        ["a", "b"],
        ["c", "d"],
      ]) {
        for (const task of tasks) answers.set(task, scheduler.schedule(task));
        await clock.advance();
        if (tasks[0] === "c") break;
        await clock.advance(80);
        await running[0]?.end();
      }
      return { ...all, answers };
    }

    it("a task starts immediately if the batch is not expected to end soon", async () => {
      const { scheduler, clock, batches } = await afterOne();
      await clock.advance(59);
      void scheduler.schedule("e");
      await clock.advance();
      expect(batches().at(-1)).toEqual(["e"]);
    });

    it("a task waits for the end, and then runs with the callers of that batch", async () => {
      const { scheduler, clock, running, batches, answers } = await afterOne();
      void answers.get("c")?.then(() => scheduler.schedule("f"));
      await clock.advance(60);
      void scheduler.schedule("e");
      await clock.advance(19);
      expect(batches()).toHaveLength(2);
      await running[1]?.end();
      expect(batches().at(-1)).toEqual(["e", "f"]);
    });

    it("a task waits an eighth of that time beyond the expected end at most", async () => {
      const { scheduler, clock, batches } = await afterOne();
      await clock.advance(60);
      void scheduler.schedule("e");
      await clock.advance(29);
      expect(batches()).toHaveLength(2);
      await clock.advance(1);
      expect(batches().at(-1)).toEqual(["e"]);
    });

    it("a task starts immediately with timing batch-timeout", async () => {
      const { scheduler, clock, batches } = await afterOne("batch-timeout");
      await clock.advance(60);
      void scheduler.schedule("e");
      await clock.advance();
      expect(batches().at(-1)).toEqual(["e"]);
    });
  });

  describe("B4 idle-first: after batches of 80 ms whose callers", () => {
    /** Runs batches of four callers, who call again after a time. */
    async function world(returnMs: number, options: CreateBatchQueueOptions<string, string> = {}) {
      const all = puppetScheduler(options);
      const { scheduler, clock, running } = all;
      const call = (caller: string) =>
        void scheduler.schedule(caller).then(
          () => clock.setTimeout(() => call(caller), returnMs),
          () => {},
        );
      for (const caller of "abcd") call(caller);
      const endBatch = async () => {
        await clock.advance(80);
        await running.at(-1)?.end();
      };
      await clock.advance();
      for (let i = 0; i < 12; i++) {
        await endBatch();
        await clock.advance(Math.max(returnMs, 20));
      }
      return { ...all, call, endBatch };
    }

    it("called again soon, a batch waits for them", async () => {
      const { scheduler, clock, endBatch, batches } = await world(10);
      expect(batches().at(-1)).toEqual(["a", "b", "c", "d"]);
      void scheduler.schedule("e"); // waits while they run
      await endBatch();
      await clock.advance(9);
      expect(batches().at(-1)).toEqual(["a", "b", "c", "d"]);
      await clock.advance(1);
      expect(batches().at(-1)).toEqual(["e", "a", "b", "c", "d"]);
    });

    it("called again soon, a batch waits a quarter of the run time at most", async () => {
      const { scheduler, clock, running, batches } = await world(10);
      const [a] = [scheduler.schedule("e")];
      await clock.advance(80);
      await running.at(-1)?.fail(new Error("they do not call again"));
      await clock.advance(22); // It has run for 90 ms.
      expect(batches().at(-1)).toEqual(["a", "b", "c", "d"]);
      await clock.advance(1);
      expect(batches().at(-1)).toEqual(["e"]);
      await running.at(-1)?.end();
      await a;
    });

    it("called again soon, a batch of more tasks than these does not wait", async () => {
      const { scheduler, endBatch, batches } = await world(10);
      for (const task of "efghi") void scheduler.schedule(task);
      await endBatch();
      expect(batches().at(-1)).toEqual(["e", "f", "g", "h", "i"]);
    });

    it("called again soon, a batch does not wait if a deadline is close", async () => {
      const { scheduler, clock, endBatch, batches } = await world(10);
      void scheduler.schedule("e", { deadlineAtMs: clock.now() + 170 });
      await endBatch();
      expect(batches().at(-1)).toEqual(["e"]);
    });

    it("called again soon, a task does not run alone while they are on their way back", async () => {
      const { scheduler, clock, endBatch } = await world(10);
      await endBatch();
      await clock.advance(5);
      expect(scheduler.startAlone(1)).toBeUndefined();
    });

    it("called again late, a batch starts immediately", async () => {
      const { scheduler, endBatch, batches } = await world(70);
      void scheduler.schedule("e");
      await endBatch();
      expect(batches().at(-1)).toContain("e");
    });

    it("called again soon, a batch starts immediately with timing batch-timeout", async () => {
      const { scheduler, endBatch, batches } = await world(10, { timing: "batch-timeout" });
      void scheduler.schedule("e");
      await endBatch();
      expect(batches().at(-1)).toContain("e");
    });
  });

  it("B4 batch-timeout: a batch that is not full starts when its oldest task has waited the timeout", async () => {
    const { scheduler, clock, batches } = recordingScheduler({
      timing: "batch-timeout",
      batchTimeoutMs: 10,
      maxBatchSize: 4,
    });
    void scheduler.schedule("a");
    await clock.advance(6);
    void scheduler.schedule("b");
    await clock.advance(3);
    expect(batches).toEqual([]);
    await clock.advance(1);
    expect(batches).toEqual([["a", "b"]]);
  });

  it("B4 batch-timeout: a full batch does not wait", async () => {
    const { scheduler, clock, batches } = recordingScheduler({
      timing: "batch-timeout",
      batchTimeoutMs: Number.POSITIVE_INFINITY,
      maxBatchSize: 3,
    });
    for (const task of ["a", "b", "c", "d"]) void scheduler.schedule(task);
    await clock.advance();
    expect(batches).toEqual([["a", "b", "c"]]);
    void scheduler.schedule("e", { size: 3 });
    await clock.advance();
    expect(batches).toEqual([["a", "b", "c"], ["d"], ["e"]]);
  });

  it("B4 batch-timeout: the rest of a batch is due by its own oldest task", async () => {
    const { scheduler, clock, batches } = recordingScheduler({
      timing: "batch-timeout",
      batchTimeoutMs: 10,
      maxBatchSize: 2,
    });
    void scheduler.schedule("a");
    await clock.advance(5);
    void scheduler.schedule("b");
    void scheduler.schedule("c");
    await clock.advance(9);
    expect(batches).toEqual([["a", "b"]]);
    await clock.advance(1);
    expect(batches).toEqual([["a", "b"], ["c"]]);
  });

  it("B4 batch-timeout: a timeout of zero starts a batch as soon as a slot is free", async () => {
    const { scheduler, clock, running, batches } = puppetScheduler({ timing: "batch-timeout" });
    void scheduler.schedule("a");
    await clock.advance();
    void scheduler.schedule("b");
    void scheduler.schedule("c");
    await clock.advance(50);
    expect(batches()).toEqual([["a"]]);
    await running[0]?.end();
    expect(batches()).toEqual([["a"], ["b", "c"]]);
  });

  it("grows batches by itself while all slots are taken", async () => {
    const { scheduler, clock, running, batches } = puppetScheduler({ maxBatchSize: 3 });
    void scheduler.schedule("a");
    await clock.advance();
    for (const task of ["b", "c", "d", "e"]) void scheduler.schedule(task);
    await running[0]?.end();
    await running[1]?.end();
    expect(batches()).toEqual([["a"], ["b", "c", "d"], ["e"]]);
  });

  it("B2 B3 takes tasks in order of arrival and closes a batch when the next task does not fit", async () => {
    const { scheduler, clock, batches, contexts } = recordingScheduler({ maxBatchSize: 10 });
    for (const [task, size] of [
      ["a", 6],
      ["b", 6],
      ["c", 4],
      ["d", 1],
    ] as const) {
      void scheduler.schedule(task, { size });
    }
    await clock.advance();
    expect(batches).toEqual([["a"], ["b", "c"], ["d"]]);
    expect(contexts.map(({ size, paddedSize, sizes }) => ({ size, paddedSize, sizes }))).toEqual([
      { size: 6, paddedSize: 6, sizes: [6] },
      { size: 10, paddedSize: 10, sizes: [6, 4] },
      { size: 1, paddedSize: 1, sizes: [1] },
    ]);
  });

  it("B5 rejects tasks that exceed the queue, and accepts them later", async () => {
    const { scheduler, clock, running } = puppetScheduler({
      maxBatchSize: 2,
      maxEnqueuedBatches: 2,
    });
    const first = scheduler.schedule("running", { size: 2 });
    await clock.advance();
    const queued = ["a", "b", "c", "d"].map((task) => scheduler.schedule(task));
    expect(scheduler.numEnqueuedTasks).toBe(4);
    expect(scheduler.schedulingCapacity).toBe(0);
    await expect(scheduler.schedule("e")).rejects.toMatchObject({
      code: "UNAVAILABLE",
      reason: "BATCH_QUEUE_FULL",
      message:
        "The batch scheduling queue to which this task was submitted is full: the task has size 1, there is place for 0; try again later",
    });
    await running[0]?.end();
    expect(scheduler.schedulingCapacity).toBe(2);
    const again = scheduler.schedule("e");
    for (const index of [1, 2, 3]) await running[index]?.end();
    expect(await settled([first, ...queued, again])).toEqual([
      "running!",
      "a!",
      "b!",
      "c!",
      "d!",
      "e!",
    ]);
  });

  it("B5 counts what a task does not fit into as taken, so that no more batches wait", async () => {
    const { scheduler, clock, running, batches } = puppetScheduler({
      maxBatchSize: 4,
      maxEnqueuedBatches: 2,
    });
    void scheduler.schedule("running");
    await clock.advance();
    for (const task of ["a", "b"]) void scheduler.schedule(task, { size: 3 });
    expect(scheduler.schedulingCapacity).toBe(1);
    await expect(scheduler.schedule("c", { size: 2 })).rejects.toMatchObject({
      reason: "BATCH_QUEUE_FULL",
      details: { size: 2, capacity: 1 },
    });
    void scheduler.schedule("d");
    for (let index = 0; index < 3; index++) await running[index]?.end();
    expect(batches()).toEqual([["running"], ["a"], ["b", "d"]]);
  });

  it("B6 rejects a task larger than the largest", async () => {
    const { scheduler } = recordingScheduler({ maxBatchSize: 4 });
    expect(scheduler.maxTaskSize).toBe(4);
    await expect(scheduler.schedule("a", { size: 5 })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "TASK_TOO_LARGE",
      message: "Task size 5 is larger than maximum input batch size 4",
    });
  });

  it("B7 rejects every task of a failing batch with its error, and no other", async () => {
    const { scheduler, clock, running } = puppetScheduler({ maxBatchSize: 2 });
    const tasks = settled(["a", "b", "c"].map((task) => scheduler.schedule(task)));
    await clock.advance();
    const error = new Error("no");
    await running[0]?.fail(error);
    await running[1]?.end();
    expect(await tasks).toEqual([error, error, "c!"]);
  });

  it("B7 also when the batch function throws, or rejects with nothing", async () => {
    const clock = new FakeClock();
    const error = new Error("thrown");
    const throwing = createBatchQueue<number, number>(
      () => {
        throw error;
      },
      { clock },
    );
    const rejecting = createBatchQueue<number, number>(() => Promise.reject(undefined), {
      clock,
    });
    const outcomes = Promise.allSettled([throwing.schedule(1), rejecting.schedule(1)]);
    await clock.advance();
    expect(await outcomes).toEqual([
      { status: "rejected", reason: error },
      { status: "rejected", reason: undefined },
    ]);
    expect(throwing.stats()).toMatchObject({ failed: 1, numRunningBatches: 0 });
  });

  it("B7 an Error instead of a result rejects only that task", async () => {
    const clock = new FakeClock();
    const error = new Error("b is bad");
    const scheduler = createBatchQueue<string, string>(
      (tasks) => tasks.map((task) => (task === "b" ? error : task)),
      { clock },
    );
    const tasks = settled(["a", "b", "c"].map((task) => scheduler.schedule(task)));
    await clock.advance();
    expect(await tasks).toEqual(["a", error, "c"]);
  });

  it.each([
    [["only one"], "got 1 results"],
    [undefined, "got undefined"],
    [{ length: 2 }, "got object"],
  ])("B8 rejects a result that is not a list of as many results: %j", async (results, got) => {
    const clock = new FakeClock();
    const scheduler = createBatchQueue<string, string>(() => results as never, { clock });
    const tasks = Promise.allSettled([scheduler.schedule("a"), scheduler.schedule("b")]);
    await clock.advance();
    for (const task of await tasks) {
      expect(task).toMatchObject({
        reason: {
          code: "INTERNAL",
          reason: "BATCH_RESULT_LENGTH",
          message: `the batch function must give an array with one result for each of the 2 tasks; ${got}`,
        },
      });
    }
  });

  it("B9 an aborted task leaves the queue immediately, frees its place and never runs", async () => {
    const { scheduler, clock, running, batches } = puppetScheduler({
      maxBatchSize: 2,
      maxEnqueuedBatches: 1,
    });
    void scheduler.schedule("running");
    await clock.advance();
    const abort = new AbortController();
    const aborted = scheduler.schedule("a", { signal: abort.signal });
    void scheduler.schedule("b");
    expect(scheduler.schedulingCapacity).toBe(0);
    abort.abort("changed my mind");
    await expect(aborted).rejects.toBe("changed my mind");
    expect(scheduler.numEnqueuedTasks).toBe(1);
    void scheduler.schedule("c");
    await running[0]?.end();
    expect(batches()).toEqual([["running"], ["b", "c"]]);
  });

  it("B9 an aborted task rejects while it runs, and its result is dropped", async () => {
    const { scheduler, clock, running } = puppetScheduler();
    const abort = new AbortController();
    const tasks = [scheduler.schedule("a", { signal: abort.signal }), scheduler.schedule("b")];
    await clock.advance();
    abort.abort("gone");
    await expect(tasks[0]).rejects.toBe("gone");
    await running[0]?.end();
    expect(await tasks[1]).toBe("b!");
    expect(scheduler.stats()).toMatchObject({ aborted: 1, succeeded: 1, numRunningTasks: 0 });
  });

  it("B9 a signal that has already aborted rejects immediately", async () => {
    const { scheduler } = recordingScheduler();
    const signal = AbortSignal.abort("too late");
    await expect(scheduler.schedule("a", { signal })).rejects.toBe("too late");
  });

  it("B9 many tasks may share a signal without a warning, and leave no listener behind", async () => {
    const { scheduler, clock } = recordingScheduler();
    const { signal } = new AbortController();
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    const tasks = Array.from({ length: 50 }, (_, i) => scheduler.schedule(String(i), { signal }));
    await clock.advance();
    await Promise.all(tasks);
    await turn();
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("B9 a shared signal has one listener for all its tasks, and aborts each of them", async () => {
    const { scheduler, clock, running } = puppetScheduler();
    const abort = new AbortController();
    const { signal } = abort;
    shareSignal(signal);
    shareSignal(signal);
    for (const name of ["a", "b"]) {
      const task = scheduler.schedule(name, { signal });
      await clock.advance();
      await running.at(-1)?.end();
      expect(await task).toBe(`${name}!`);
      expect(getEventListeners(signal, "abort")).toHaveLength(1);
    }
    const last = scheduler.schedule("c", { signal });
    abort.abort("gone");
    await expect(last).rejects.toBe("gone");
  });

  it("B9 an expired task leaves the queue when its deadline passes, with one timer for all", async () => {
    const { scheduler, clock, running, batches } = puppetScheduler();
    void scheduler.schedule("running");
    await clock.advance();
    const late = scheduler.schedule("late", { deadlineAtMs: 20 });
    const early = scheduler.schedule("early", { deadlineAtMs: 10 });
    const never = scheduler.schedule("never");
    expect(clock.pending).toBe(1);
    const outcomes = settled([late, early]);
    await clock.advance(9);
    expect(scheduler.numEnqueuedTasks).toBe(3);
    await clock.advance(1);
    expect(scheduler.numEnqueuedTasks).toBe(2);
    expect(clock.pending).toBe(1);
    await clock.advance(10);
    expect(await outcomes).toEqual(["TASK_DEADLINE_EXCEEDED", "TASK_DEADLINE_EXCEEDED"]);
    await running[0]?.end();
    expect(batches()).toEqual([["running"], ["never"]]);
    await running[1]?.end();
    expect(await never).toBe("never!");
    expect(clock.pending).toBe(0);
  });

  it("B9 a task whose deadline passes while it runs rejects then", async () => {
    const { scheduler, clock, running } = puppetScheduler();
    const tasks = [scheduler.schedule("a", { deadlineAtMs: 10 }), scheduler.schedule("b")];
    const outcomes = settled(tasks);
    await clock.advance(10);
    expect(scheduler.stats()).toMatchObject({ expired: 1, numRunningTasks: 1 });
    await running[0]?.end();
    expect(await outcomes).toEqual(["TASK_DEADLINE_EXCEEDED", "b!"]);
  });

  it("B9 a deadline in the past rejects immediately, and a task past its deadline never runs", async () => {
    const { scheduler, clock, batches } = recordingScheduler();
    await clock.advance(10);
    await expect(scheduler.schedule("a", { deadlineAtMs: 10 })).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
    });
    expect(batches).toEqual([]);
  });

  it("B9 a task that leaves does not hasten the batch of the others", async () => {
    const { scheduler, clock, batches } = recordingScheduler({
      timing: "batch-timeout",
      batchTimeoutMs: 10,
    });
    const abort = new AbortController();
    scheduler.schedule("a", { signal: abort.signal }).catch(() => {});
    await clock.advance(5);
    void scheduler.schedule("b");
    await clock.advance();
    abort.abort();
    await clock.advance(9);
    expect(batches).toEqual([]);
    await clock.advance(1);
    expect(batches).toEqual([["b"]]);
  });

  it("B10 close runs queued tasks without the timeout, then rejects new ones", async () => {
    const { scheduler, clock, running, batches } = puppetScheduler({
      timing: "batch-timeout",
      batchTimeoutMs: 1000,
    });
    const tasks = settled([scheduler.schedule("a"), scheduler.schedule("b")]);
    await clock.advance(1);
    const closed = scheduler.close();
    expect(scheduler.close()).toBe(closed);
    await expect(scheduler.schedule("c")).rejects.toMatchObject({
      code: "UNAVAILABLE",
      reason: "BATCH_QUEUE_CLOSED",
    });
    await clock.advance();
    expect(batches()).toEqual([["a", "b"]]);
    let isClosed = false;
    void closed.then(() => {
      isClosed = true;
    });
    await turn();
    expect(isClosed).toBe(false);
    await running[0]?.end();
    await closed;
    expect(await tasks).toEqual(["a!", "b!"]);
    expect(clock.pending).toBe(0);
  });

  it("B10 when the signal of close aborts, everything that has not settled rejects", async () => {
    const { scheduler, clock, running } = puppetScheduler();
    const tasks = settled([scheduler.schedule("a")]);
    await clock.advance();
    const queued = settled([scheduler.schedule("b")]);
    const abort = new AbortController();
    const closed = scheduler.close({ signal: abort.signal });
    await clock.advance(5);
    abort.abort();
    await closed;
    expect(await tasks).toEqual(["BATCH_QUEUE_CLOSED"]);
    expect(await queued).toEqual(["BATCH_QUEUE_CLOSED"]);
    await running[0]?.end();
    expect(scheduler.stats()).toMatchObject({ numRunningBatches: 0, numRunningTasks: 0 });
  });

  it("B10 closes immediately if nothing is queued", async () => {
    const { scheduler } = recordingScheduler();
    await scheduler.close();
    await scheduler[Symbol.asyncDispose]();
  });

  it("B11 runs more urgent levels first, in order within a level", async () => {
    const { scheduler, clock, running, batches } = puppetScheduler({
      priorityLevels: 3,
      maxBatchSize: 2,
    });
    void scheduler.schedule("running", { size: 2 });
    await clock.advance();
    for (const [task, priority] of [
      ["x", 2],
      ["b", 1],
      ["a1", 0],
      ["c", 1],
      ["a2", 0],
      ["a3", 0],
    ] as const) {
      void scheduler.schedule(task, { priority });
    }
    for (let index = 0; index < 5; index++) await running[index]?.end();
    expect(batches()).toEqual([["running"], ["a1", "a2"], ["a3"], ["b", "c"], ["x"]]);
  });

  it("B11 less urgent tasks join a batch only instead of padding", async () => {
    const { scheduler, clock, batches, contexts } = recordingScheduler({
      priorityLevels: 2,
      maxBatchSize: 8,
      allowedBatchSizes: [4, 8],
    });
    void scheduler.schedule("low1", { priority: 1 });
    void scheduler.schedule("low2", { priority: 1, size: 2 });
    void scheduler.schedule("low3", { priority: 1 });
    void scheduler.schedule("high", { size: 2 });
    await clock.advance();
    expect(batches).toEqual([
      ["high", "low1"],
      ["low2", "low3"],
    ]);
    expect(contexts.map(({ paddedSize }) => paddedSize)).toEqual([4, 4]);
  });

  it("B11 without allowed sizes nothing is padded, and levels never meet in a batch", async () => {
    const { scheduler, clock, batches } = recordingScheduler({
      priorityLevels: 2,
      maxBatchSize: 10,
    });
    for (const task of ["low1", "low2"]) void scheduler.schedule(task, { priority: 1, size: 3 });
    for (const task of ["high1", "high2"]) void scheduler.schedule(task, { size: 3 });
    await clock.advance();
    expect(batches).toEqual([
      ["high1", "high2"],
      ["low1", "low2"],
    ]);
  });

  it("B11 less urgent tasks alone make a batch when it is full or its timeout has passed", async () => {
    const { scheduler, clock, batches } = recordingScheduler({
      priorityLevels: 2,
      maxBatchSize: 9,
      timing: "batch-timeout",
      batchTimeoutMs: 1000,
    });
    const low = (size: number) => void scheduler.schedule(`${size}`, { priority: 1, size });
    for (const size of [1, 3, 5]) low(size);
    await clock.advance();
    expect(batches).toEqual([["1", "3", "5"]]);
    for (const size of [1, 3]) low(size);
    await clock.advance(999);
    expect(batches).toHaveLength(1);
    await clock.advance(1);
    expect(batches[1]).toEqual(["1", "3"]);
  });

  it("B11 each level has its own capacity, so that less urgent tasks cannot block urgent ones", async () => {
    const { scheduler, clock } = puppetScheduler({
      priorityLevels: 2,
      maxBatchSize: 1,
      maxEnqueuedBatches: 1,
    });
    void scheduler.schedule("running");
    await clock.advance();
    void scheduler.schedule("low", { priority: 1 });
    await expect(scheduler.schedule("low", { priority: 1 })).rejects.toMatchObject({
      reason: "BATCH_QUEUE_FULL",
    });
    void scheduler.schedule("high");
    expect(scheduler.numEnqueuedTasks).toBe(2);
  });

  it("pads up to the next allowed size by default", async () => {
    const { scheduler, clock, contexts } = recordingScheduler({
      maxBatchSize: 8,
      allowedBatchSizes: [1, 4, 8],
    });
    for (let i = 0; i < 5; i++) void scheduler.schedule("a");
    await clock.advance();
    expect(contexts.map(({ size, paddedSize }) => [size, paddedSize])).toEqual([[5, 8]]);
    expect(scheduler.stats()).toMatchObject({ batchedSize: 5, paddingSize: 3 });
  });

  it("the context has the latest deadline, Infinity when one task has none", async () => {
    const { scheduler, clock, contexts } = recordingScheduler({ maxBatchSize: 2 });
    void scheduler.schedule("a", { deadlineAtMs: 10 });
    void scheduler.schedule("b", { deadlineAtMs: 30 });
    void scheduler.schedule("c", { deadlineAtMs: 10 });
    void scheduler.schedule("d");
    await clock.advance();
    expect(contexts.map(({ deadlineAtMs }) => deadlineAtMs)).toEqual([
      30,
      Number.POSITIVE_INFINITY,
    ]);
  });

  it.each([0, -1, 1.5, Number.NaN])("rejects a size of %d", (size) => {
    const { scheduler } = recordingScheduler();
    expect(() => scheduler.schedule("a", { size })).toThrow(RangeError);
  });

  it("rejects a priority that is not a level", () => {
    const { scheduler } = recordingScheduler({ priorityLevels: 2 });
    expect(() => scheduler.schedule("a", { priority: 2 })).toThrow("from 0 to 1; got 2");
  });

  it("configure changes the options while tasks wait, and keeps those that were accepted", async () => {
    const { scheduler, clock, running, batches } = puppetScheduler({ maxBatchSize: 4 });
    void scheduler.schedule("running");
    await clock.advance();
    for (const [task, size] of [
      ["a", 4],
      ["b", 1],
      ["c", 1],
      ["d", 1],
    ] as const) {
      void scheduler.schedule(task, { size });
    }
    scheduler.configure({ maxBatchSize: 2 });
    expect(scheduler.maxTaskSize).toBe(2);
    for (let index = 0; index < 4; index++) await running[index]?.end();
    expect(batches()).toEqual([["running"], ["a"], ["b", "c"], ["d"]]);
    expect(() => scheduler.configure({ allowedBatchSizes: [3] })).toThrow("expected 2");
    expect(scheduler.options.allowedBatchSizes).toEqual([]);
  });

  it("counts every task once", async () => {
    const events: BatchEvent[] = [];
    const started: unknown[] = [];
    const { scheduler, clock } = recordingScheduler({
      maxBatchSize: 4,
      maxEnqueuedBatches: 1,
      allowedBatchSizes: [2, 4],
      onEvent: (event) => events.push(event),
      onBatchStart: ({ entries, ...batch }) =>
        started.push([batch.size, batch.paddedSize, entries.map(({ size }) => size)]),
    });
    const tasks = [
      scheduler.schedule("a"),
      scheduler.schedule("b", { size: 2 }),
      scheduler.schedule("full", { size: 3 }),
      scheduler.schedule("large", { size: 5 }),
      scheduler.schedule("expired", { deadlineAtMs: 0 }),
      scheduler.schedule("aborted", { signal: AbortSignal.abort("no") }),
    ];
    await Promise.allSettled([...tasks, clock.advance()]);
    await scheduler.close();
    await scheduler.schedule("closed").catch(() => {});
    expect(started).toEqual([[3, 4, [1, 2]]]);
    expect(scheduler.stats()).toMatchObject({
      numEnqueuedTasks: 0,
      enqueuedSize: 0,
      numRunningBatches: 0,
      numRunningTasks: 0,
      succeeded: 2,
      failed: 0,
      aborted: 1,
      expired: 1,
      rejected: { queueFull: 1, taskTooLarge: 1, queueClosed: 1 },
      batches: 1,
      batchedSize: 3,
      paddingSize: 1,
      batchSizes: [{ size: 3, count: 1 }],
      queueMs: { count: 2 },
      runMs: { count: 1 },
    });
    expect(events.map((event) => (event.kind === "batch" ? event.size : event.because))).toEqual([
      "queue-full",
      "task-too-large",
      "expired",
      "aborted",
      3,
      "queue-closed",
    ]);
  });
});

describe("splitting of large tasks", () => {
  const splitting = {
    maxExecutionBatchSize: 4,
    split: (task: string, size: number) => [task.slice(0, size), task.slice(size)] as const,
    merge: (results: readonly string[]) => results.join(""),
  };
  const options = { maxBatchSize: 10, splitting };

  it("splits a task to fill batches, and joins the results in order", async () => {
    const { scheduler, clock, batches } = recordingScheduler(options);
    const tasks = [
      scheduler.schedule("ab", { size: 2 }),
      scheduler.schedule("0123456789", { size: 10 }),
      scheduler.schedule("c"),
    ];
    await clock.advance();
    expect(batches).toEqual([["ab", "01"], ["2345"], ["6789"], ["c"]]);
    expect(await Promise.all(tasks)).toEqual(["ab!", "01!2345!6789!", "c!"]);
    expect(scheduler.stats()).toMatchObject({ succeeded: 3, numRunningTasks: 0 });
  });

  it("B7 a part that fails rejects the task once, and its remaining parts never run", async () => {
    const { scheduler, clock, running, batches } = puppetScheduler({ ...options, slots: 1 });
    const tasks = settled([
      scheduler.schedule("0123456789", { size: 10 }),
      scheduler.schedule("a"),
    ]);
    await clock.advance();
    expect(scheduler.numEnqueuedTasks).toBe(2);
    const error = new Error("no");
    await running[0]?.fail(error);
    await running[1]?.end();
    expect(batches()).toEqual([["0123"], ["a"]]);
    expect(await tasks).toEqual([error, "a!"]);
  });

  it("B9 a task that is aborted between its parts leaves the queue", async () => {
    const { scheduler, clock, running, batches } = puppetScheduler(options);
    const abort = new AbortController();
    const tasks = settled([scheduler.schedule("0123456789", { size: 10, signal: abort.signal })]);
    await clock.advance();
    abort.abort("enough");
    await running[0]?.end();
    expect(await tasks).toEqual(["enough"]);
    expect(batches()).toEqual([["0123"]]);
    await scheduler.close();
  });

  it("a split or merge that throws fails that task alone", async () => {
    const error = new Error("cannot");
    const { scheduler, clock } = recordingScheduler({
      maxBatchSize: 10,
      splitting: {
        ...splitting,
        split: (task, size) => {
          if (task.startsWith("x")) throw error;
          return splitting.split(task, size);
        },
        merge: (results) => {
          if (results[0]?.startsWith("y")) throw error;
          return splitting.merge(results);
        },
      },
    });
    const tasks = settled(
      ["xxxxx", "yyyyy", "zzzzz"].map((task) => scheduler.schedule(task, { size: 5 })),
    );
    await clock.advance();
    expect(await tasks).toEqual([error, error, "zzz!zz!"]);
    expect(scheduler.stats()).toMatchObject({ failed: 2, succeeded: 1, numEnqueuedTasks: 0 });
  });
});
