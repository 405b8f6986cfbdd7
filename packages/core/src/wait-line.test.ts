import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { WaitLine } from "./wait-line.js";

describe("WaitLine", () => {
  it("serves in the order of arrival", async () => {
    const line = new WaitLine<string>();
    const served = [line.wait(), line.wait()];
    expect([line.admit("a"), line.admit("b"), line.admit("c")]).toEqual([true, true, false]);
    expect(await Promise.all(served)).toEqual(["a", "b"]);
  });

  it("lets one who aborts leave, with the signal's reason", async () => {
    const line = new WaitLine<string>();
    const controller = new AbortController();
    const first = line.wait(controller.signal);
    const second = line.wait();
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(first).rejects.toBe(reason);
    line.admit("x");
    expect(await second).toBe("x");
    expect(line.length).toBe(0);
  });

  it("does not let one in whose signal has aborted", async () => {
    const line = new WaitLine<string>();
    await expect(line.wait(AbortSignal.abort("no"))).rejects.toBe("no");
    expect(line.length).toBe(0);
  });

  it("leaves no listener behind", async () => {
    const line = new WaitLine<string>();
    const { signal } = new AbortController();
    const [served, refused] = [line.wait(signal), line.wait(signal)];
    line.admit("x");
    line.refuse(new Error("no"));
    await Promise.allSettled([served, refused]);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("rejects the first in line", async () => {
    const line = new WaitLine<string>();
    const waiting = line.wait();
    expect(line.refuse(new Error("broken"))).toBe(true);
    await expect(waiting).rejects.toThrow("broken");
    expect(line.refuse(new Error("nobody"))).toBe(false);
  });
});
