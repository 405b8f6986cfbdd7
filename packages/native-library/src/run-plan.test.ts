import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RunGroup, RunPlan } from "./run-plan.js";

const BUDGET = 0.1;

function inlinePlan(): RunPlan {
  const plan = new RunPlan("auto", BUDGET);
  plan.ranOnThread(0.03);
  return plan;
}

describe("RunPlan", () => {
  it("puts the first run on a thread under auto", () => {
    expect(new RunPlan("auto", BUDGET).isInline).toBe(false);
  });

  it("tries inline after a run on a thread that took less than 1 ms", () => {
    expect(inlinePlan().isInline).toBe(true);
  });

  it("stays on the thread after a run that took longer", () => {
    const plan = new RunPlan("auto", BUDGET);
    plan.ranOnThread(1.1);
    expect(plan.isInline).toBe(false);
    plan.ranOnThread(0.5);
    expect(plan.isInline).toBe(true);
  });

  it("stays inline while runs are within the budget", () => {
    const plan = inlinePlan();
    for (let i = 0; i < 1_000; i++) plan.ranInline(BUDGET);
    expect(plan.isInline).toBe(true);
  });

  it("does not leave for one outlier among short runs", () => {
    const plan = inlinePlan();
    for (let i = 0; i < 100; i++) plan.ranInline(0.001);
    plan.ranInline(4.9);
    expect(plan.isInline).toBe(true);
  });

  it("leaves for 100 runs after a long one, with all kinds of its group", () => {
    const group = new RunGroup();
    const plans = [1, 2].map(() => new RunPlan("auto", BUDGET, group)) as [RunPlan, RunPlan];
    for (const plan of plans) {
      plan.ranOnThread(0.03);
      for (let i = 0; i < 100; i++) plan.ranInline(0.001);
    }
    plans[0].ranInline(5);
    for (let runs = 0; runs < 100; runs++) {
      expect(plans.map(({ isInline }) => isInline)).toEqual([false, false]);
      (plans[runs % 2] as RunPlan).ranOnThread(0.03);
    }
    expect(plans.map(({ isInline }) => isInline)).toEqual([true, true]);
  });

  it("is never inline in a group that does not allow it, unless set explicitly", () => {
    const group = new RunGroup(false);
    const plan = new RunPlan("auto", BUDGET, group);
    for (let i = 0; i < 10; i++) plan.ranOnThread(0.01);
    expect(plan.isInline).toBe(false);
    expect(new RunPlan("inline", BUDGET, group).isInline).toBe(true);
  });

  it.each(["auto", "thread"] as const)(
    "%s: a group is often slow while 3 of its last 10 runs on a thread took longer than 50 ms",
    (execution) => {
      const group = new RunGroup();
      const plan = new RunPlan(execution, BUDGET, group);
      for (const ms of [51, 1, 51, 50]) plan.ranOnThread(ms);
      expect(group.isOftenSlow).toBe(false);
      plan.ranOnThread(51);
      expect(group.isOftenSlow).toBe(true);
      for (let runs = 0; runs < 5; runs++) plan.ranOnThread(1);
      expect(group.isOftenSlow).toBe(true);
      plan.ranOnThread(1);
      expect(group.isOftenSlow).toBe(false);
    },
  );

  it("goes back to the thread when runs get long, at the latest after 16 of twice the budget", () => {
    const plan = inlinePlan();
    for (let i = 0; i < 100; i++) plan.ranInline(0.001);
    let runs = 0;
    for (; plan.isInline; runs++) plan.ranInline(2 * BUDGET);
    expect(runs).toBeLessThanOrEqual(16);
  });

  it("tries inline again after 16, 32, … and at most 4,096 runs on the thread", () => {
    const plan = inlinePlan();
    const pauses: number[] = [];
    for (let round = 0; round < 11; round++) {
      plan.ranInline(1);
      let runs = 0;
      for (; !plan.isInline; runs++) plan.ranOnThread(0.5);
      pauses.push(runs - 1);
    }
    expect(pauses).toEqual([16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 4096, 4096]);
  });

  it("expects runs on a thread to be short while their moving average is at most 0.2 ms", () => {
    const plan = new RunPlan("thread", BUDGET);
    expect(plan.shortMs).toBeUndefined();
    plan.ranOnThread(0.1);
    expect(plan.shortMs).toBe(0.1);
    plan.ranOnThread(100); // An outlier counts as 0.8 ms.
    expect(plan.shortMs).toBeCloseTo(0.1875);
    for (let i = 0; i < 20; i++) plan.ranOnThread(0.3);
    expect(plan.shortMs).toBeUndefined();
    for (let i = 0; i < 20; i++) plan.ranOnThread(0.01);
    expect(plan.shortMs).toBeLessThan(0.2);
  });

  it.each(["thread", "inline"] as const)("is always %s when told so", (execution) => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 100, noNaN: true })), (times) => {
        const plan = new RunPlan(execution, BUDGET);
        for (const ms of times) {
          plan.ranInline(ms);
          plan.ranOnThread(ms);
        }
        expect(plan.isInline).toBe(execution === "inline");
      }),
    );
  });
});
