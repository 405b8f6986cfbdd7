import { Worker } from "node:worker_threads";
import { turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { SharedSessions } from "./shared-sessions.js";

const sessions = new SharedSessions<{ address: bigint }>("some", (problem) => new Error(problem));

/** A session that records whether it is freed. */
function owned() {
  const state = { isFreed: false };
  const hold = sessions.own("/lib/some.so", { address: 7n }, async () => {
    state.isFreed = true;
  });
  return { state, hold };
}

describe("SharedSessions", () => {
  it("J1 a token attaches any number of threads, also by the token of one that has attached", async () => {
    const { hold } = owned();
    const token = structuredClone(hold.share());
    const first = sessions.attach(token);
    expect(first).toMatchObject({ library: "/lib/some.so", model: { address: 7n } });
    const second = sessions.attach(first.hold.share());
    expect(second.model).toEqual({ address: 7n });
  });

  it("J2 the session is freed when its loader and all that attached have released it, each once", async () => {
    const { hold, state } = owned();
    const { hold: one } = sessions.attach(hold.share());
    const { hold: other } = sessions.attach(hold.share());
    const released = hold.release();
    await one.release();
    await one.release();
    await turn();
    expect(state.isFreed).toBe(false);
    await other.release();
    await released;
    expect(state.isFreed).toBe(true);
  });

  it("J3 no thread attaches when the loader closes, or has released", async () => {
    const { hold } = owned();
    const token = hold.share();
    hold.close();
    expect(() => sessions.attach(token)).toThrow("its predictor is disposed");
    await hold.release();
    expect(() => sessions.attach(token)).toThrow("its predictor is disposed");
  });

  it("J3 closing a handle that was attached closes nothing for others", () => {
    const { hold } = owned();
    sessions.attach(hold.share()).hold.close();
    sessions.attach(hold.share());
  });

  it("J4 a worker that exits releases what it attached", async () => {
    const { hold, state } = owned();
    const program = `
      const { workerData } = require("node:worker_threads");
      import("tsx/esm/api").then(async ({ register }) => {
        register();
        const { SharedSessions } = await import(workerData.module);
        new SharedSessions("some", Error).attach(workerData.token);
        process.exit(0);
      });`;
    const module = new URL("./shared-sessions.ts", import.meta.url).href;
    const worker = new Worker(program, {
      eval: true,
      workerData: { module, token: hold.share() },
      execArgv: ["--conditions=@serving-kit/source"],
    });
    expect(await new Promise((resolve) => worker.once("exit", resolve))).toBe(0);
    await hold.release();
    expect(state.isFreed).toBe(true);
  });

  it("J4 unshare releases for threads that were terminated, and once only", async () => {
    const { hold, state } = owned();
    const token = hold.share();
    sessions.attach(token);
    sessions.attach(token);
    const { hold: other } = sessions.attach(hold.share());
    const released = hold.release();
    hold.unshare(token);
    hold.unshare(token);
    await turn();
    expect(state.isFreed).toBe(false);
    await other.release();
    await released;
  });

  it.each([
    [undefined],
    [{ platform: "other" }],
    [{ platform: "some" }],
    [{ platform: "some", holders: new ArrayBuffer(8) }],
  ])("refuses %j, which is not a token", (token) => {
    expect(() => sessions.attach(token as never)).toThrow("it is something else");
    expect(() => owned().hold.unshare(token as never)).toThrow("it is something else");
  });

  it("rejects the token of another process", () => {
    const token = { ...owned().hold.share(), process: 1 };
    expect(() => sessions.attach(token)).toThrow("it comes from process 1");
  });
});
