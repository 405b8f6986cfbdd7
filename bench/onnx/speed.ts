import { type AnyTensor, tensor } from "@serving-kit/inference";
import type { Benchmark, Figure } from "../figure.js";
import { median, spreadOf } from "../measure.js";
import {
  loadOnnx,
  loadOrtNode,
  type OnnxModels,
  ORT_OPTIONS,
  type OrtNode,
  onnxModels,
} from "../onnx-models.js";

const ROUNDS = 9;

interface Case {
  readonly name: string;
  readonly model: string;
  readonly input: string;
  /** Default float32. */
  readonly dtype?: "int32";
  readonly shape: readonly number[];
  readonly calls: number;
  readonly atMost: number;
}

const CASES: readonly Case[] = [
  { name: "MatMul, 1 row", model: "dense", input: "x", shape: [1, 16], calls: 20_000, atMost: 0.5 },
  {
    name: "MatMul, 64 rows",
    model: "dense",
    input: "x",
    shape: [64, 16],
    calls: 20_000,
    atMost: 0.5,
  },
  {
    name: "forest on iris",
    model: "forest",
    input: "X",
    shape: [1, 4],
    calls: 10_000,
    atMost: 0.5,
  },
  {
    name: "convolution",
    model: "conv",
    input: "x",
    shape: [1, 3, 96, 96],
    calls: 40,
    atMost: 1.05,
  },
  {
    name: "magika",
    model: "magika",
    input: "bytes",
    dtype: "int32",
    shape: [1, 2048],
    calls: 20,
    atMost: 1.05,
  },
];

const benchmark: Benchmark = {
  name: "CPU time of a call against onnxruntime-node, interleaved",
  async run() {
    using models = onnxModels();
    if (models === undefined) return [];
    const ort = loadOrtNode();
    const figures: Figure[] = [];
    for (const each of CASES) {
      if (models.has(each.model)) figures.push(await compare(models, ort, each));
      else process.stderr.write(`skipped: ${each.name}: pip cannot download its model\n`);
    }
    return figures;
  },
};
export default benchmark;

async function compare(models: OnnxModels, ort: OrtNode, each: Case): Promise<Figure> {
  const { name, input, dtype = "float32", shape, calls, atMost } = each;
  const path = models.path(each.model);
  const session = await ort.InferenceSession.create(path, ORT_OPTIONS);
  await using predictor = await loadOnnx(path);
  const elements = shape.reduce((product, extent) => product * extent, 1);
  const values = Array.from({ length: elements }, (_, i) =>
    dtype === "int32" ? i % 250 : Math.sin(i),
  );
  const own = { [input]: tensor(dtype, shape, values) };
  const { data } = own[input] as AnyTensor;
  const ours = await measured(calls, () => predictor.predict(own));
  const theirs = await measured(calls, () => {
    return session.run({ [input]: new ort.Tensor(dtype, data, shape) });
  });
  const times: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
  for (let round = 0; round < ROUNDS; round++) {
    times.ours.push(await ours());
    times.theirs.push(await theirs());
  }
  const ratios = times.ours.map((us, round) => us / (times.theirs[round] as number));
  return {
    name: `${name}: CPU time, of onnxruntime-node's ${median(times.theirs).toFixed(1)} µs`,
    value: median(ratios),
    unit: "x",
    goal: { atMost },
    baseline: 1,
    spread: spreadOf(ratios),
  };
}

/** Warms a call up; the result measures the CPU time of one in µs. */
async function measured(
  calls: number,
  call: () => Promise<unknown>,
): Promise<() => Promise<number>> {
  for (let i = 0; i < calls / 4; i++) await call();
  return async () => {
    const before = process.cpuUsage();
    for (let i = 0; i < calls; i++) await call();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / calls;
  };
}
