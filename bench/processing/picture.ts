import { image } from "@serving-kit/processing";
import sharp from "sharp";
import type { Benchmark, Figure } from "../figure.js";
import { cpuMs, median, spreadOf } from "../measure.js";
import { photograph } from "../photograph.js";

const ROUNDS = 30;
const SIZE = 224;
const MEAN = [123.675, 116.28, 103.53];

/** Bilinear with antialias in two passes of floats, then mean and layout: a typical implementation without a library. */
function plainLoop(pixels: Uint8Array, width: number, height: number): Float32Array {
  const between = new Float64Array(height * SIZE * 3);
  pass(pixels, between, width, SIZE, height, 3, width * 3, SIZE * 3, 3);
  const small = new Float64Array(SIZE * SIZE * 3);
  pass(between, small, height, SIZE, SIZE, SIZE * 3, 3, 3, SIZE * 3);
  return Float32Array.from(small, (value, i) => Math.round(value) - (MEAN[i % 3] ?? 0));
}

function pass(
  from: ArrayLike<number>,
  to: Float64Array,
  size: number,
  outSize: number,
  lines: number,
  step: number,
  lineStep: number,
  outLineStep: number,
  outStep: number,
): void {
  const scale = size / outSize;
  const radius = Math.max(1, scale);
  for (let line = 0; line < lines; line++) {
    for (let o = 0; o < outSize; o++) {
      const centre = (o + 0.5) * scale;
      const first = Math.max(0, Math.floor(centre - radius + 0.5));
      const end = Math.min(size, Math.floor(centre + radius + 0.5));
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        let weights = 0;
        for (let i = first; i < end; i++) {
          const weight = Math.max(0, 1 - Math.abs(i + 0.5 - centre) / radius);
          sum += weight * (from[line * lineStep + i * step + c] as number);
          weights += weight;
        }
        to[line * outLineStep + o * outStep + c] = sum / weights;
      }
    }
  }
}

async function cpuOf(work: () => unknown): Promise<number> {
  const before = cpuMs();
  await work();
  return cpuMs() - before;
}

const benchmark: Benchmark = {
  name: `a JPEG of 1,000 x 750 to a tensor of 224 x 224, CPU time, ${ROUNDS} rounds`,
  async run() {
    sharp.concurrency(1);
    const jpeg = await photograph();
    const { data } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
    const read = image({ size: SIZE, mean: MEAN });
    const contenders = {
      ours: () => read(jpeg),
      sharp: () => sharp(jpeg).resize(SIZE, SIZE, { fit: "fill" }).raw().toBuffer(),
      decode: () => sharp(jpeg).raw().toBuffer(),
      plain: () => plainLoop(data, 1000, 750),
    };
    // The thread for pictures starts after the first ones.
    for (let i = 0; i < 60; i++) await contenders.ours();
    for (let i = 0; i < 5; i++) for (const work of Object.values(contenders)) await work();
    const times: Record<string, number[]> = {};
    // In another order each round, because one contender's garbage is collected during the next.
    const turns = Object.entries(contenders);
    for (let round = 0; round < ROUNDS; round++) {
      turns.push(...turns.splice(0, 1 + (round % 2)));
      for (const [name, work] of turns) {
        const list = times[name] ?? [];
        list.push(await cpuOf(work));
        times[name] = list;
      }
    }
    const of = (name: keyof typeof contenders) => times[name] ?? [];
    const over = of("ours").map((ms, i) => ms / (of("sharp")[i] ?? Number.NaN));
    const alone = median(of("ours")) - median(of("decode"));
    return [
      {
        name: "JPEG to tensor over sharp's decode with its own resize",
        value: median(over),
        unit: "x",
        goal: { atMost: 1.6 },
        baseline: 1,
        spread: spreadOf(over),
      },
      {
        name: "pixels to tensor (resize, mean, layout) over a plain JavaScript loop, in speed",
        value: median(of("plain")) / alone,
        unit: "x",
        goal: { atLeast: 3 },
        baseline: 1,
        spread: spreadOf(of("plain")),
      },
      { name: "pixels to tensor", value: alone, unit: "ms", baseline: median(of("plain")) },
      {
        name: "JPEG to tensor",
        value: median(of("ours")),
        unit: "ms",
        baseline: median(of("sharp")),
      },
    ] satisfies Figure[];
  },
};
export default benchmark;
