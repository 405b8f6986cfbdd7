import { tensor } from "@serving-kit/inference";
import { type BareInterpreter, bareInterpreter, CONV, managerWith } from "../bare-tflite.js";
import type { Benchmark } from "../figure.js";
import { measure, speedRatio } from "../measure.js";

const SHAPE = [1, 96, 96, 3];
const CALLERS = 2;
const image = new Float32Array(96 * 96 * 3).fill(0.5);

/** Lets each of some callers do its share of the operations, one after another. */
const together = (operations: number, call: (caller: number) => Promise<unknown>) =>
  Promise.all(
    Array.from({ length: CALLERS }, async (_, caller) => {
      for (let i = caller; i < operations; i += CALLERS) await call(caller);
    }),
  );

const benchmark: Benchmark = {
  name: "two callers of a net of 13 convolutions, against two bare native loops",
  async run() {
    const bare = await Promise.all(
      Array.from({ length: CALLERS }, () => bareInterpreter(CONV, SHAPE)),
    );
    const manager = await managerWith(CONV, { interpreters: CALLERS });
    const inputs = { image: tensor("float32", SHAPE, image) };
    const { kit, native, single } = await measure({
      kit: (operations) =>
        together(operations, async () => {
          const handle = manager.acquire({ name: "model" });
          try {
            await handle.servable.predict(inputs);
          } finally {
            handle.release();
          }
        }),
      native: (operations) =>
        together(operations, async (caller) => {
          const { input, output, invokeAsync } = bare[caller] as BareInterpreter;
          input.set(image);
          await new Promise<void>((resolve) => invokeAsync(resolve));
          return output.slice();
        }),
      single(operations) {
        for (let i = 0; i < operations; i++) bare[0]?.invoke();
      },
    });
    await manager.close();
    return [
      {
        name: "2 callers, 13 convolutions on 96x96x3: share of two bare native loops",
        value: speedRatio(kit, native),
        unit: "x",
        goal: { atLeast: 0.95 },
        baseline: 1,
        spread: kit.spread,
      },
      {
        name: "the same as runs a second (baseline: one bare loop)",
        value: kit.perSecond,
        unit: "op/s",
        baseline: single.perSecond,
        spread: kit.spread,
      },
    ];
  },
};
export default benchmark;
