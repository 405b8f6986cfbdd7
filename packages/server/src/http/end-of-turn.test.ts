import { describe, expect, it } from "vitest";
import { atEndOfTurn } from "./end-of-turn.js";

const immediate = () => new Promise((resolve) => setImmediate(resolve));

describe("atEndOfTurn", () => {
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
});
