import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type CanaryTask, runInCanary } from "../src/index.js";

const run = (exportName: string, others: Partial<CanaryTask> = {}) =>
  runInCanary({
    what: "version 3",
    module: new URL("./canary-tasks.mjs", import.meta.url).href,
    exportName,
    argument: { count: 3n },
    timeoutMs: 15_000,
    ...others,
  });

describe("runInCanary", () => {
  it("resolves when the function does, with its argument cloned", () => run("succeed"));

  it("passes on what the process wrote to stderr", async () => {
    const written: string[] = [];
    await run("warn", { onStderr: (text) => written.push(text) });
    expect(written).toEqual(["a notice"]);
  });

  it("rejects with what the function threw", async () => {
    await expect(run("fail")).rejects.toMatchObject({
      reason: "CANARY_FAILED",
      message: "version 3 failed in the process that tried it first: it does not work",
    });
  });

  it("rejects with the ServingError of the function as it is", async () => {
    await expect(run("refuse")).rejects.toMatchObject({
      code: "DATA_LOSS",
      reason: "TEST_REASON",
      message: "the file is broken",
    });
  });

  it("rejects when the process dies, with the signal and its last words", async () => {
    await expect(run("crash")).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "CANARY_KILLED",
      message: expect.stringMatching(/^version 3 killed .*\(SIG(ABRT|TRAP|ILL): about to crash/s),
    });
  });

  it("rejects when the process ends without an answer", async () => {
    await expect(run("exit")).rejects.toMatchObject({
      reason: "CANARY_KILLED",
      message: expect.stringContaining("exit code 0"),
    });
  });

  it("rejects when the process hangs, and ends it", async () => {
    await expect(run("hang", { timeoutMs: 1_500 })).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
      reason: "CANARY_TIMED_OUT",
      message: expect.stringContaining("1500 ms"),
    });
  });

  it("rejects with the reason of a signal that aborts, and ends the process", async () => {
    const controller = new AbortController();
    const running = run("hang", { signal: controller.signal });
    void setTimeout(300).then(() => controller.abort(new Error("not wanted")));
    await expect(running).rejects.toThrow("not wanted");
    await expect(run("succeed", { signal: controller.signal })).rejects.toThrow("not wanted");
  });

  it("rejects when there is no such module or function", async () => {
    await expect(run("nothing")).rejects.toMatchObject({ reason: "CANARY_FAILED" });
  });
});
