import { tensor } from "@serving-kit/inference";
import type { Benchmark, Figure } from "../figure.js";
import { median, spreadOf } from "../measure.js";
import { loadOnnx, loadOrtNode, ORT_OPTIONS, onnxModels } from "../onnx-models.js";

const ROUNDS = 9;
const ROUND_MS = 1_500;
const CALLERS = 4;

interface Window {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly perSecond: number;
}

/** Calls by several callers while a timer of 1 ms fires, and how late it is. */
async function load(call: () => Promise<unknown>): Promise<Window> {
  const late: number[] = [];
  const until = performance.now() + ROUND_MS;
  let calls = 0;
  let due = performance.now() + 1;
  const timer = setInterval(() => {
    const now = performance.now();
    late.push(Math.max(0, now - due));
    due = now + 1;
  }, 1);
  const caller = async () => {
    while (performance.now() < until) {
      await call();
      calls++;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  clearInterval(timer);
  late.sort((a, b) => a - b);
  const quantile = (part: number) => late[Math.floor(part * late.length)] ?? 0;
  return { p50Ms: quantile(0.5), p99Ms: quantile(0.99), perSecond: (1000 * calls) / ROUND_MS };
}

const benchmark: Benchmark = {
  name: `lateness of a 1 ms timer under ${CALLERS} callers of a convolution, against onnxruntime-node`,
  async run() {
    using models = onnxModels();
    if (models === undefined) return [];
    const ort = loadOrtNode();
    const session = await ort.InferenceSession.create(models.path("conv"), ORT_OPTIONS);
    await using predictor = await loadOnnx(models.path("conv"));
    const shape = [1, 3, 96, 96];
    const data = new Float32Array(3 * 96 * 96).fill(0.5);
    const x = tensor("float32", shape, data);
    const own = () => predictor.predict({ x });
    const theirs = () => session.run({ x: new ort.Tensor("float32", data, shape) });
    const windows: [Window, Window][] = [];
    for (let round = -1; round < ROUNDS; round++) {
      const pair: [Window, Window] = [await load(own), await load(theirs)];
      if (round >= 0) windows.push(pair);
    }
    return [
      figure("lateness, p50", windows, ({ p50Ms }) => p50Ms, { atMost: 0.1 }),
      figure("lateness, p99", windows, ({ p99Ms }) => p99Ms, { atMost: 0.5 }),
      figure("calls a second", windows, ({ perSecond }) => perSecond, { atLeast: 1.5 }),
    ];
  },
};
export default benchmark;

function figure(
  name: string,
  windows: readonly [Window, Window][],
  of: (window: Window) => number,
  goal: NonNullable<Figure["goal"]>,
): Figure {
  const ratios = windows.map(([own, theirs]) => of(own) / of(theirs));
  const [own, theirs] = [0, 1].map((i) => median(windows.map((pair) => of(pair[i] as Window))));
  return {
    name: `${name}: ${own?.toFixed(2)} against ${theirs?.toFixed(2)}`,
    value: median(ratios),
    unit: "x",
    goal,
    baseline: 1,
    spread: spreadOf(ratios),
  };
}
