import { tensor } from "@serving-kit/inference";
import { FakeClock } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { nativeCounts } from "../src/index.js";
import { hasLibrary, loadNamed, skipped } from "./support.js";

/** A run that ends only if it is stopped: it would take hours. */
const endless = {
  rounds: tensor("int64", [], [10_000_000_000n]),
  x: tensor("float32", [1], new Float32Array([1])),
};

describe.skipIf(!hasLibrary)(`a run in progress${skipped}`, () => {
  it("stops when the signal aborts, so that disposal ends", async () => {
    await using predictor = await loadNamed("loop");
    const controller = new AbortController();
    const call = predictor.predict(endless, { signal: controller.signal });
    controller.abort(new Error("no longer wanted"));
    await expect(call).rejects.toThrow("no longer wanted");
  });

  it("stops at its deadline", async () => {
    const clock = new FakeClock();
    await using predictor = await loadNamed("loop", { clock });
    const call = predictor.predict(endless, { deadlineAtMs: clock.now() + 50 });
    const rejected = expect(call).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    await clock.advance(50);
    await rejected;
  });

  it("releases its place to the next call, which is answered", async () => {
    await using predictor = await loadNamed("loop", { options: { concurrency: 1 } });
    const controller = new AbortController();
    const first = predictor.predict(endless, { signal: controller.signal });
    const second = predictor.predict({ ...endless, rounds: tensor("int64", [], [2n]) });
    controller.abort();
    await expect(first).rejects.toThrow();
    expect((await second).y?.shape).toEqual([1]);
  });
});

describe.skipIf(!hasLibrary)(`memory of allocate${skipped}`, () => {
  it("is read in place, once, while other inputs are copied", async () => {
    await using predictor = await loadNamed("images", { options: { execution: "thread" } });
    const shape = [1, 3, 96, 96];
    const plain = tensor("float32", shape, new Float32Array(27_648).fill(0.5));
    await predictor.predict({ x: plain });
    const { y } = await predictor.predict({ x: plain });
    for (let round = 0; round < 3; round++) {
      const x = predictor.allocate?.("float32", shape);
      if (x === undefined) throw new Error("no memory");
      x.data.fill(0.5);
      expect((await predictor.predict({ x })).y).toEqual(y);
    }
    expect(predictor.allocate?.("float32", [4])).toBeUndefined();
  });
});

describe.skipIf(!hasLibrary)(`many shapes${skipped}`, () => {
  it("do not keep native tensors beyond a bound", async () => {
    const { values: before } = nativeCounts();
    await using predictor = await loadNamed("dense", { options: { execution: "inline" } });
    for (let rows = 1; rows <= 200; rows++) {
      const x = tensor("float32", [rows, 3], new Float32Array(3 * rows));
      for (let round = 0; round < 2; round++) {
        expect((await predictor.predict({ x })).y?.shape).toEqual([rows, 2]);
      }
    }
    expect(nativeCounts().values - before).toBeLessThanOrEqual(2 * 64);
  });
});
