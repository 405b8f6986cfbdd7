import { FakeClock } from "@serving-kit/testing";
import { expect, it } from "vitest";
import type { Refusal } from "../refusal.js";
import { AnswerWatch } from "./answer-watch.js";

function world() {
  const clock = new FakeClock();
  const told: (Refusal | "cut")[] = [];
  const budget = { isScarce: false };
  const limits = { stalledAnswerTimeoutMs: 60_000, idleStreamTimeoutMs: 300_000 };
  const watch = new AnswerWatch(limits, { budget, clock, refused: (kind) => told.push(kind) });
  const answer = { waiting: 100, sent: 0 };
  const watched = {
    waitingBytes: () => answer.waiting,
    progress: () => answer.sent,
    cut: () => told.push("cut"),
  };
  return { clock, told, budget, watch, answer, watched };
}

it("cuts an answer that makes no progress for a minute, and none that does", async () => {
  const { clock, told, watch, answer, watched } = world();
  watch.watch(watched);
  for (let i = 0; i < 5; i++) {
    await clock.advance(50_000);
    answer.sent++;
  }
  expect(told).toEqual([]);
  await clock.advance(62_000);
  expect(told).toEqual(["stalled_answer", "cut"]);
  await clock.advance(62_000);
  expect([told.length, clock.pending]).toEqual([2, 0]);
});

it("cuts a stalled answer after 5 s while memory is scarce", async () => {
  const { clock, told, watch, budget, watched } = world();
  watch.watch(watched);
  await clock.advance(10_000);
  expect(told).toEqual([]);
  budget.isScarce = true;
  await clock.advance(1_000);
  expect(told).toEqual(["stalled_answer", "cut"]);
});

it("cuts a stream that is idle for 5 minutes, and forgets what has left", async () => {
  const { clock, told, watch, answer, watched } = world();
  answer.waiting = 0;
  watch.watch(watched);
  await clock.advance(299_000);
  expect(told).toEqual([]);
  await clock.advance(2_000);
  expect(told).toEqual(["idle_stream", "cut"]);
  watch.watch(watched);
  watch.forget(watched);
  await clock.advance(400_000);
  expect([told.length, clock.pending]).toEqual([2, 0]);
});
