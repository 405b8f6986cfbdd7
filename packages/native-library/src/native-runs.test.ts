import { describe, expect, it } from "vitest";
import { defaultRunLimit } from "./native-runs.js";

describe("the limit of native runs", () => {
  it.each([
    [undefined, 3],
    ["", 3],
    ["nonsense", 3],
    ["0", 3],
    ["1", 1],
    ["8", 7],
    ["100000", 240],
  ])("is by default, with UV_THREADPOOL_SIZE %s, %s", (size, limit) => {
    expect(defaultRunLimit(size)).toBe(limit);
  });
});
