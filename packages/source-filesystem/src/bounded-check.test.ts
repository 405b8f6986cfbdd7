import { deferred, FakeClock } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { BoundedCheck } from "./bounded-check.js";

describe("BoundedCheck", () => {
  it("answers as the rule does and leaves no timer", async () => {
    const clock = new FakeClock();
    const check = new BoundedCheck(clock, 100);
    expect(await check.ask(async () => true, "/a")).toBe(true);
    expect(await check.ask(async () => false, "/a")).toBe(false);
    await expect(check.ask(async () => Promise.reject(new Error("no")), "/a")).rejects.toThrow(
      "no",
    );
    const throwing = () => {
      throw new Error("at once");
    };
    await expect(check.ask(throwing, "/a")).rejects.toThrow("at once");
    expect(clock.pending).toBe(0);
  });

  it("times out, and does not check that path again until the rule has returned", async () => {
    const clock = new FakeClock();
    const check = new BoundedCheck(clock, 100);
    const asked: string[] = [];
    const answer = deferred<boolean>();
    const rule = (path: string) => {
      asked.push(path);
      return path === "/hangs" ? answer.promise : Promise.resolve(true);
    };
    const hanging = expect(check.ask(rule, "/hangs")).rejects.toMatchObject({
      reason: "CHECK_TIMED_OUT",
    });
    await clock.advance(100);
    await hanging;
    await expect(check.ask(rule, "/hangs")).rejects.toMatchObject({ reason: "CHECK_TIMED_OUT" });
    expect(await check.ask(rule, "/other")).toBe(true);
    expect(asked).toEqual(["/hangs", "/other"]);

    answer.resolve(false);
    await answer.promise;
    await clock.advance();
    expect(await check.ask(rule, "/hangs")).toBe(false);
    expect(clock.pending).toBe(0);
  });
});
