import { describe, expect, it } from "vitest";
import { encodeTimeLimit } from "./timed-run.js";

describe("the time limit of a run", () => {
  it.each([
    [-5, [0x10, 1]],
    [0, [0x10, 1]],
    [0.2, [0x10, 1]],
    [127, [0x10, 127]],
    [127.1, [0x10, 0x80, 1]],
    [30_000, [0x10, 0xb0, 0xea, 1]],
    [2 ** 40, [0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]],
  ])("of %s ms is RunOptions.timeout_in_ms, rounded up and at least 1", (ms, bytes) => {
    expect([...encodeTimeLimit(ms)]).toEqual(bytes);
  });
});
