import { expect, it } from "vitest";
import { Meeting } from "./meeting.js";

/** Two callers, who have called again 1 ms after each of 4 batches of 100 ms. */
function learned() {
  const meeting = new Meeting();
  const entry = { size: 1, enqueuedAtMs: 0 };
  const end = (atMs: number, running: number) =>
    meeting.ended(
      { size: 2, paddedSize: 2, startedAtMs: atMs - 100, entries: [entry, entry] },
      atMs,
      running,
    );
  for (let atMs = 100; atMs <= 400; atMs += 100) {
    end(atMs, 0);
    meeting.arrived(atMs + 1);
    meeting.arrived(atMs + 1);
  }
  return { meeting, end };
}

it("waits for the callers of the last batch if no other batch runs", () => {
  const { meeting, end } = learned();
  end(500, 0);
  expect(meeting.waitsUntil(501, [], 1)).toBe(525);
});

it("does not wait for them if another batch runs: the arrivals may be of other callers", () => {
  const { meeting, end } = learned();
  end(500, 1);
  expect(meeting.waitsUntil(501, [], 1)).toBe(Number.NEGATIVE_INFINITY);
});
