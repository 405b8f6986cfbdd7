import { afterEach, describe, expect, it, vi } from "vitest";
import { atEndOfTurn } from "./end-of-turn.js";

const immediate = () => new Promise((resolve) => setImmediate(resolve));

describe("atEndOfTurn", () => {
  afterEach(() => void vi.unstubAllGlobals());

  it("runs tasks in order, after the promises of the turn and before the next one", async () => {
    const seen: string[] = [];
    atEndOfTurn(() => seen.push("first"));
    atEndOfTurn(() => seen.push("second"));
    await Promise.resolve();
    seen.push("promise");
    await immediate();
    expect(seen).toEqual(["promise", "first", "second"]);
  });

  it("runs a task that a task adds in the next turn", async () => {
    const seen: string[] = [];
    atEndOfTurn(() => {
      seen.push("first");
      atEndOfTurn(() => seen.push("second"));
    });
    await immediate();
    expect(seen).toEqual(["first"]);
    await immediate();
    expect(seen).toEqual(["first", "second"]);
  });

  it("runs the tasks behind one that throws", () => {
    const turns: (() => void)[] = [];
    vi.stubGlobal("setImmediate", (turn: () => void) => turns.push(turn));
    const seen: string[] = [];
    atEndOfTurn(() => {
      throw new Error("broken");
    });
    atEndOfTurn(() => seen.push("second"));
    expect(() => turns.shift()?.()).toThrow("broken");
    turns.shift()?.();
    expect(seen).toEqual(["second"]);
    expect(turns).toEqual([]);
  });
});
