import type { DType, Signature, Tensor } from "@serving-kit/inference";
// From the sources, so that `withoutKernel` affects the same codec.
import { withoutKernel } from "../../packages/tensor-json/src/codec-kernel.js";
import { decodePredict, encodePredict } from "../../packages/tensor-json/src/index.js";
import type { Benchmark, Figure, Goal } from "../figure.js";
import { type Contender, measure, speedRatio } from "../measure.js";

type Extents = readonly [number, number] | readonly [number, number, number, number];

const IMAGE = [1, 224, 224, 3] as const;

/** Numbers from 0 to 1, the same in every run. */
function* uniform(): Generator<number> {
  let state = 1;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield (state + 0.5) / 2 ** 32;
  }
}

const numbers = (of: (value: number) => number | string) => {
  const values = uniform();
  return () => of(values.next().value);
};

function nested(shape: readonly number[], next: () => unknown): string {
  const [size, ...inner] = shape;
  if (size === undefined) return String(next());
  return `[${Array.from({ length: size }, () => nested(inner, next)).join(",")}]`;
}

const sizeOf = (shape: Extents) => shape.reduce<number>((all, extent) => all * extent, 1);

let sink = 0;

const decoding =
  (body: Buffer, dtype: DType): Contender =>
  (operations) => {
    const inputs: Signature["inputs"] = new Map([["x", { dtype, shape: null }]]);
    const signature: Signature = { inputs, outputs: new Map() };
    for (let i = 0; i < operations; i++) {
      sink += decodePredict(body, () => signature).inputs.x?.data.length ?? 0;
    }
  };

/** The usual way: JSON.parse, then every element into a typed array by plain loops. */
const parsing =
  (body: Buffer, shape: Extents): Contender =>
  (operations) => {
    for (let i = 0; i < operations; i++) {
      const { instances } = JSON.parse(body.toString());
      const data = new Float32Array(sizeOf(shape));
      let at = 0;
      if (shape.length === 2) for (const row of instances) for (const v of row) data[at++] = v;
      else {
        for (const image of instances) {
          for (const row of image) for (const pixel of row) for (const v of pixel) data[at++] = v;
        }
      }
      sink += data[0] as number;
    }
  };

const encoding =
  (y: Tensor): Contender =>
  (operations) => {
    for (let i = 0; i < operations; i++) sink += encodePredict({ y }, "row").length;
  };

/** The usual way: rows of plain arrays, then JSON.stringify. */
const stringifying =
  ({ shape, data }: Tensor): Contender =>
  (operations) => {
    const [rows = 0, width = 0] = shape;
    for (let i = 0; i < operations; i++) {
      const predictions = Array.from({ length: rows }, (_, row) =>
        Array.from((data as Float32Array).subarray(row * width, (row + 1) * width)),
      );
      sink += Buffer.from(JSON.stringify({ predictions })).length;
    }
  };

async function compare(
  name: string,
  against: string,
  candidate: Contender,
  usual: Contender,
  goal?: Goal,
): Promise<Figure[]> {
  const measured = await measure({ candidate, usual }, { rounds: 9, warmUpMs: 1_500 });
  const { spread, nsPerOperation } = measured.candidate;
  return [
    {
      name: `${name}, speed against ${against}`,
      value: speedRatio(measured.candidate, measured.usual),
      unit: "x",
      ...(goal && { goal }),
      baseline: 1,
      spread,
    },
    {
      name: `${name}, time`,
      value: nsPerOperation / 1e6,
      unit: "ms",
      baseline: measured.usual.nsPerOperation / 1e6,
      spread,
    },
  ];
}

const digits = (count: number) => numbers((value) => value.toPrecision(count));
const bytes = () => numbers((value) => Math.floor(256 * value));

/** Bodies to decode, with the minimum speed-up over the usual way. */
const DECODED: readonly (readonly [string, Extents, () => unknown, number, DType?])[] = [
  ["1x224x224x3 float32, 9 digits", IMAGE, digits(9), 6.5],
  ["1x224x224x3 float32, 17 digits", IMAGE, digits(17), 8],
  ["1x224x224x3 float32, 0 to 255", IMAGE, bytes(), 4.5],
  ["1x224x224x3 uint8", IMAGE, bytes(), 4.5, "uint8"],
  ["64x64 float32, 9 digits", [64, 64], digits(9), 2.5],
  ["64x64 float32, one place", [64, 64], numbers((v) => `${Math.floor(17 * v)}.0`), 2.5],
];

/** Tensors to encode, with the minimum speed-up over the usual way. */
const ENCODED: readonly (readonly [number, number, "float32" | "float64", number])[] = [
  [1_000, 1_000, "float32", 6],
  [32, 1_000, "float32", 6],
  [64, 10, "float32", 6],
  [32, 1_000, "float64", 5],
];

/** Bodies that the kernel must not slow down, against the codec without it. */
const SMALL: readonly (readonly [string, Extents, () => unknown])[] = [
  ["1x4 float32", [1, 4], digits(2)],
  ["1x64 float32", [1, 64], numbers((v) => `${Math.floor(17 * v)}.0`)],
];

function bodyOf(shape: Extents, next: () => unknown): Buffer {
  return Buffer.from(`{"instances":${nested(shape, next)}}`);
}

function tensorOf(rows: number, width: number, dtype: "float32" | "float64"): Tensor {
  const next = numbers(Number);
  const data = new (dtype === "float32" ? Float32Array : Float64Array)(rows * width);
  for (let i = 0; i < data.length; i++) data[i] = Number(next());
  return { dtype, shape: [rows, width], data };
}

const benchmark: Benchmark = {
  name: "JSON codec of the REST interface",
  async run() {
    const figures: Figure[] = [];
    for (const [name, shape, next, atLeast, dtype = "float32"] of DECODED) {
      const body = bodyOf(shape, next);
      const contenders = [decoding(body, dtype), parsing(body, shape)] as const;
      figures.push(...(await compare(`decode ${name}`, "JSON.parse", ...contenders, { atLeast })));
    }
    for (const [rows, width, dtype, atLeast] of ENCODED) {
      const tensor = tensorOf(rows, width, dtype);
      const contenders = [encoding(tensor), stringifying(tensor)] as const;
      const name = `encode ${rows}x${width} ${dtype}`;
      figures.push(...(await compare(name, "JSON.stringify", ...contenders, { atLeast })));
    }
    for (const [name, shape, next] of SMALL) {
      const decode = decoding(bodyOf(shape, next), "float32");
      const before: Contender = (operations) => withoutKernel(() => decode(operations));
      figures.push(
        ...(await compare(`decode ${name}`, "the codec without kernel", decode, before)),
      );
    }
    if (sink === 0) throw new Error("nothing was coded");
    return figures;
  },
};
export default benchmark;
