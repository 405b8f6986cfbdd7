import { FakeClock } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { ForcedExit } from "./forced-exit.js";

function setUp() {
  const clock = new FakeClock();
  const said: (string | number)[] = [];
  const tell = () => void said.push("overdue");
  const exit = (code: number) => void said.push(code);
  return { clock, said, forced: new ForcedExit({ deadlineMs: 500, clock, tell, exit }) };
}

describe("ForcedExit", () => {
  it("WD1 ends the process with words, a second and a half after the deadline", async () => {
    const { clock, said, forced } = setUp();
    forced.signalled("SIGTERM");
    await clock.advance(1_999);
    expect(said).toEqual([]);
    await clock.advance(1);
    expect(said).toEqual(["overdue", 0]);
  });

  it("WD1 counts from the main thread's signal if this thread receives none", async () => {
    const { clock, said, forced } = setUp();
    forced.begin();
    await clock.advance(2_000);
    expect(said).toEqual(["overdue", 0]);
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("WD2 ends the process half a second after a later %s", async (name, code) => {
    const { clock, said, forced } = setUp();
    forced.signalled("SIGTERM");
    await clock.advance(1_000);
    forced.signalled(name);
    await clock.advance(500);
    expect(said).toEqual([]);
    forced.signalled(name);
    await clock.advance(499);
    expect(said).toEqual([]);
    await clock.advance(1);
    expect(said.at(-1)).toBe(code);
  });

  it("WD2 the first signal of the main thread, reported late, is not a second one", async () => {
    const { clock, said, forced } = setUp();
    forced.signalled("SIGTERM");
    await clock.advance(1_400);
    forced.begin();
    await clock.advance(599);
    expect(said).toEqual([]);
  });
});
