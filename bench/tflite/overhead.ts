import { tensor } from "@serving-kit/inference";
import { bareInterpreter, DIGITS, managerWith } from "../bare-tflite.js";
import type { Benchmark } from "../figure.js";
import { type Contender, type Measurement, measure, median } from "../measure.js";

const image = Float32Array.from({ length: 64 }, (_, i) => (i % 16) / 16);

const benchmark: Benchmark = {
  name: "one prediction of the digits model, against the bare native call",
  async run() {
    const bare = await bareInterpreter(DIGITS, [1, 64]);
    const inline = await managerWith(DIGITS, { execution: "inline" });
    const auto = await managerWith(DIGITS, {});
    const thread = await managerWith(DIGITS, { execution: "thread" });
    const predicting =
      (manager: typeof inline): Contender =>
      async (operations) => {
        const inputs = { image: tensor("float32", [1, 64], image) };
        for (let i = 0; i < operations; i++) {
          const handle = manager.acquire({ name: "model" });
          try {
            await handle.servable.predict(inputs);
          } finally {
            handle.release();
          }
        }
      };
    const measured = await measure({
      bareInline(operations) {
        for (let i = 0; i < operations; i++) {
          bare.input.set(image);
          bare.invoke();
          bare.output.slice();
        }
      },
      async bareThread(operations) {
        for (let i = 0; i < operations; i++) {
          bare.input.set(image);
          await new Promise<void>((resolve) => bare.invokeAsync(resolve));
          bare.output.slice();
        }
      },
      inline: predicting(inline),
      auto: predicting(auto),
      thread: predicting(thread),
    });
    await Promise.all([inline.close(), auto.close(), thread.close()]);
    return [
      figure("inline", measured.inline, measured.bareInline, 2),
      figure("auto", measured.auto, measured.bareInline, 2),
      figure("off the loop", measured.thread, measured.bareThread, 10),
    ];
  },
};
export default benchmark;

/** The time in µs that the kit adds to a call: the median of the differences of the rounds. */
function figure(name: string, kit: Measurement, bare: Measurement, atMost: number) {
  const added = kit.rounds.map((ns, round) => (ns - (bare.rounds[round] ?? Number.NaN)) / 1_000);
  return {
    name: `predict through manager and servable, ${name}: added to the bare call`,
    value: median(added),
    unit: "µs",
    goal: { atMost },
    baseline: bare.nsPerOperation / 1_000,
    spread: kit.spread,
  };
}
