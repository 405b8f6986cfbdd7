import { constants } from "node:buffer";
import { describe, expect, it, vi } from "vitest";
import type { Bindings } from "./bindings.js";
import { TensorMemory } from "./tensor-memory.js";

vi.mock("@serving-kit/native-library", async (original) => ({
  ...(await original<object>()),
  viewMemory: (_: bigint, byteLength: number) => new ArrayBuffer(byteLength),
}));

/** The memory of a float32 tensor that TensorFlow Lite has with these extents at this address. */
function memoryOf(tensor: { data: bigint | null; shape: number[] }): TensorMemory {
  const bindings = {
    tensorData: () => tensor.data,
    tensorRank: () => tensor.shape.length,
    tensorDimension: (_: bigint, i: number) => tensor.shape[i],
    tensorBytes: () => BigInt(tensor.shape.reduce((bytes, extent) => bytes * extent, 4)),
  } as unknown as Bindings;
  return new TensorMemory(bindings, () => 16n, "float32");
}

describe("TensorMemory", () => {
  it("of a dynamic tensor has the view and the shape of each run, and keeps those that stay the same", () => {
    const tensor: Parameters<typeof memoryOf>[0] = { data: null, shape: [0, 2] };
    const memory = memoryOf(tensor);
    memory.allocated();
    Object.assign(tensor, { data: 4_096n, shape: [3, 2] });
    memory.refresh();
    const { view, shape } = memory;
    expect([view.length, shape]).toEqual([6, [3, 2]]);
    memory.refresh();
    expect([memory.view, memory.shape].map((each, i) => each === [view, shape][i])).toEqual([
      true,
      true,
    ]);
    tensor.shape = [2, 3];
    memory.refresh();
    expect([memory.view === view, memory.shape]).toEqual([true, [2, 3]]);
    tensor.shape = [4, 3];
    memory.refresh();
    expect([memory.view.length, memory.shape]).toEqual([12, [4, 3]]);
    tensor.data = 8_192n;
    const { view: before } = memory;
    memory.refresh();
    expect(memory.view).not.toBe(before);
  });

  it("of a tensor that no buffer can hold is an error of the call", () => {
    const length = Math.floor(constants.MAX_LENGTH / 4) + 6;
    const memory = memoryOf({ data: 4_096n, shape: [length] });
    expect(() => memory.allocated()).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        reason: "TENSOR_TOO_LARGE",
        message: expect.stringContaining(`shape [${length}] with ${4 * length} bytes`),
      }),
    );
  });
});
