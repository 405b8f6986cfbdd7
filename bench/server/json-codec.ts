import type { Signature, TensorSpec } from "@serving-kit/inference";
import { decodePredict, encodePredict } from "@serving-kit/tensor-json";
import type { Benchmark, Figure } from "../figure.js";
import { type Contender, measure, speedRatio } from "../measure.js";

const IMAGE = [1, 224, 224, 3];

/** Numbers that have `digits` significant digits in decimal, the same in every run. */
function* decimals(digits: number): Generator<string> {
  let state = 1;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield ((state + 0.5) / 2 ** 32).toPrecision(digits);
  }
}

function nested(shape: readonly number[], next: () => string): string {
  const [size, ...inner] = shape;
  if (size === undefined) return next();
  return `[${Array.from({ length: size }, () => nested(inner, next)).join(",")}]`;
}

function imageBody(digits: number): Buffer {
  const values = decimals(digits);
  return Buffer.from(`{"instances":${nested(IMAGE, () => values.next().value)}}`);
}

const spec: TensorSpec = { dtype: "float32", shape: [-1, 224, 224, 3] };
const signature: Signature = { inputs: new Map([["image", spec]]), outputs: new Map() };

let sink = 0;

const decoding =
  (body: Buffer): Contender =>
  (operations) => {
    for (let i = 0; i < operations; i++) {
      const { inputs } = decodePredict(body, () => signature);
      sink += inputs.image?.data.length ?? 0;
    }
  };

/** How it is usually done: JSON.parse, then every element into a typed array. */
const parsing =
  (body: Buffer): Contender =>
  (operations) => {
    for (let i = 0; i < operations; i++) {
      const { instances } = JSON.parse(body.toString()) as { instances: number[][][][] };
      const data = new Float32Array(224 * 224 * 3);
      let at = 0;
      for (const image of instances) {
        for (const row of image) for (const pixel of row) for (const v of pixel) data[at++] = v;
      }
      sink += data[i] as number;
    }
  };

const SIDE = 1_000;

const encoding =
  (data: Float32Array): Contender =>
  (operations) => {
    for (let i = 0; i < operations; i++) {
      const outputs = { scores: { dtype: "float32", shape: [SIDE, SIDE], data } } as const;
      sink += encodePredict(outputs, "row").length;
    }
  };

/** How it is usually done: rows of plain arrays, then JSON.stringify. */
const stringifying =
  (data: Float32Array): Contender =>
  (operations) => {
    for (let i = 0; i < operations; i++) {
      const predictions = Array.from({ length: SIDE }, (_, row) =>
        Array.from(data.subarray(row * SIDE, (row + 1) * SIDE)),
      );
      sink += Buffer.from(JSON.stringify({ predictions })).length;
    }
  };

async function compare(
  name: string,
  candidate: Contender,
  usual: Contender,
  atLeast: number,
): Promise<Figure[]> {
  const measured = await measure({ candidate, usual }, { rounds: 9, warmUpMs: 1_500 });
  return [
    {
      name: `${name}, speed against the usual way`,
      value: speedRatio(measured.candidate, measured.usual),
      unit: "x",
      goal: { atLeast },
      baseline: 1,
      spread: measured.candidate.spread,
    },
    {
      name: `${name}, time`,
      value: measured.candidate.nsPerOperation / 1e6,
      unit: "ms",
      baseline: measured.usual.nsPerOperation / 1e6,
      spread: measured.candidate.spread,
    },
  ];
}

const benchmark: Benchmark = {
  name: "JSON codec of the REST interface",
  async run() {
    const figures: Figure[] = [];
    for (const digits of [9, 17]) {
      const body = imageBody(digits);
      const name = `decode 1x224x224x3 float32, ${digits} digits`;
      figures.push(...(await compare(name, decoding(body), parsing(body), 3)));
    }
    const values = decimals(9);
    const data = Float32Array.from({ length: SIDE * SIDE }, () => Number(values.next().value));
    const name = "encode 1,000x1,000 float32";
    figures.push(...(await compare(name, encoding(data), stringifying(data), 2)));
    if (sink === 0) throw new Error("nothing was coded");
    return figures;
  },
};
export default benchmark;
