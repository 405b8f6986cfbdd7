import { constants } from "node:buffer";
import { describe, expect, it } from "vitest";
import type { Bindings } from "./bindings.js";
import { TensorMemory } from "./tensor-memory.js";

describe("TensorMemory", () => {
  it("of a tensor that no buffer can hold is an error of the call", () => {
    const length = Math.floor(constants.MAX_LENGTH / 4) + 6;
    const bindings = {
      tensorData: () => 4_096n,
      tensorRank: () => 1,
      tensorDimension: () => length,
      tensorBytes: () => BigInt(4 * length),
    } as unknown as Bindings;
    const memory = new TensorMemory(bindings, () => 16n, "float32");
    expect(() => memory.allocated()).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        reason: "TENSOR_TOO_LARGE",
        message: expect.stringContaining(`shape [${length}] with ${4 * length} bytes`),
      }),
    );
  });
});
