import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { plainFlags } from "../../scripts/source-flags.mjs";
import type { Benchmark, Figure } from "../figure.js";
import { type Measurement, median, speedRatio } from "../measure.js";

type Contenders = Record<"hand" | "plain" | "tensor" | "typed" | "bare" | "guarded", Measurement>;

/** The difference between two contenders in µs, round by round, and their ratio. */
function figuresOf(
  name: string,
  candidate: Measurement,
  baseline: Measurement,
  goal?: Figure["goal"],
): Figure[] {
  const extra = candidate.rounds.map((ns, i) => (ns - (baseline.rounds[i] ?? Number.NaN)) / 1_000);
  const { spread } = candidate;
  const ratio = 1 / speedRatio(candidate, baseline);
  return [
    { name: `${name}: more`, value: median(extra), unit: "µs", ...(goal && { goal }) },
    { name: `${name}: ratio`, value: ratio, unit: "x", spread },
  ];
}

const benchmark: Benchmark = {
  name: "a call of [1, 64] float32 within the process",
  async run() {
    const file = fileURLToPath(new URL("../call-program.ts", import.meta.url));
    const child = fork(file, { execArgv: plainFlags });
    const [{ hand, plain, tensor, typed, bare, guarded }] = (await once(child, "message")) as [
      Contenders,
    ];
    return [
      {
        name: "acquire, predict, release by hand",
        value: hand.nsPerOperation / 1_000,
        unit: "µs",
        spread: hand.spread,
      },
      ...figuresOf("models.predict with a Tensor over that", plain, hand),
      ...figuresOf("the same with metrics", tensor, hand, { atMost: 1 }),
      ...figuresOf("a Float32Array over a Tensor, with metrics", typed, tensor, { atMost: 0.3 }),
      ...figuresOf("guard over the bare function", guarded, bare, { atMost: 0.5 }),
    ];
  },
};
export default benchmark;
