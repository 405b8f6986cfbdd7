import type { DType, Signature, Tensor } from "@serving-kit/inference";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codecKernel, withoutKernel } from "../src/codec-kernel.js";
import { decodePredict } from "../src/decode-predict.js";
import { encodePredict } from "../src/encode-predict.js";
import { anyDouble, anyFloat, NUMBER_TEXTS, nearFloat, Random } from "./number-texts.js";

/** The factor by which the number of cases is multiplied. */
const FACTOR = Number(process.env.SERVING_KIT_FUZZ ?? 1);

const NUMERIC = [
  ...["float32", "float64", "int8", "uint8", "int16", "int32", "uint32", "int64", "uint64"],
] as const satisfies readonly string[] as readonly Numeric[];
type Numeric =
  | "float32"
  | "float64"
  | "int8"
  | "uint8"
  | "int16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64";

/** A key that makes any body long enough for the kernel. */
const PADDING = `"other":"${"x".repeat(512)}"`;

const signatureOf = (dtype: DType): Signature => ({
  inputs: new Map([["x", { dtype, shape: null }]]),
  outputs: new Map(),
});

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);

/** Returns the result of reading a body: the elements' bytes and the shape, or the text of the error. */
function read(body: Buffer, dtype: DType) {
  try {
    const { data, shape } = decodePredict(body, () => signatureOf(dtype)).inputs.x as Tensor;
    return { bytes: bytesOf(data as ArrayBufferView).toString("latin1"), shape };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/** Fails if the kernel reads a body in another way than JavaScript does. */
function expectAlike(body: Buffer, dtype: DType): boolean {
  const expected = withoutKernel(() => read(body, dtype));
  expect(read(body, dtype)).toEqual(expected);
  return "bytes" in expected;
}

const GAPS = ["", "", "", "", " ", "  ", "\n", "\t", "\r\n    ", " \n"];

it("runs on this machine", () => expect(codecKernel()).toBeDefined());

describe("numbers that the kernel reads", () => {
  it.each(NUMERIC)("are those that JavaScript reads as %s, over many windows", (dtype) => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed);
        const texts = Array.from({ length: 100 + random.int(6_000) }, () =>
          random.pick(NUMBER_TEXTS)(random),
        ).filter((text) =>
          withoutKernel(() => "bytes" in read(Buffer.from(`{"inputs":[${text}]}`), dtype)),
        );
        const style = random.int(3);
        const gap = () => (style === 0 ? "" : style === 1 ? " " : random.pick(GAPS));
        const body = texts.map((text) => `${gap()}${text}`).join(",");
        const rows = texts.length > 100 ? body.replaceAll(/((?:[^,]*,){9}[^,]*),/g, "$1],[") : body;
        for (const list of [body, `[${rows}]`]) {
          if (expectAlike(Buffer.from(`{${PADDING},"instances":[${list}]}`), dtype)) accepted++;
        }
      }),
      { numRuns: 4 * FACTOR },
    );
    expect(accepted).toBeGreaterThan(0);
  });

  it("are rejected as JavaScript rejects them", () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(...NUMERIC), (seed, dtype) => {
        const random = new Random(seed);
        const text = random.pick(NUMBER_TEXTS)(random);
        expectAlike(Buffer.from(`{${PADDING},"instances":[1,${text},2]}`), dtype);
      }),
      { numRuns: 3_000 * FACTOR },
    );
  });
});

/** Nested lists of numbers, which may be damaged at one or two places. */
function nestedBody(random: Random): Buffer {
  const gap = () => (random.int(14) < 12 ? "" : random.pick(GAPS));
  const kind = random.int(3);
  const value = () =>
    kind === 0
      ? String(random.int(256))
      : kind === 1
        ? random.unit().toPrecision(9)
        : random.pick(NUMBER_TEXTS)(random);
  const list = (length: number, item: () => string) =>
    `[${gap()}${Array.from({ length }, item).join(`${gap()},${gap()}`)}${gap()}]`;
  const [outer, middle, inner] = [1 + random.int(4), 1 + random.int(5), 1 + random.int(40)];
  const lists = list(outer, () => list(middle, () => list(inner, value)));
  const body = Buffer.from(`{${PADDING},"instances":${lists}}`);
  const start = body.indexOf('"instances"');
  for (let damages = random.int(3); damages > 0; damages--) {
    const at = start + random.int(body.length - start);
    body[at] = random.pick([...'0123456789.,[]{}-+eE \n"nNa/:;\0\xff']).charCodeAt(0);
  }
  return body;
}

describe("texts that the kernel reads", () => {
  it("are accepted and rejected as JavaScript does, with the same words", () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const body = nestedBody(new Random(seed));
        for (const dtype of NUMERIC) if (expectAlike(body, dtype)) accepted++;
      }),
      { numRuns: 500 * FACTOR },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it("may have rows of several inputs, and bodies may take turns", () => {
    const inputs = new Map<string, { dtype: DType; shape: null }>([
      ["a", { dtype: "float32", shape: null }],
      ["b", { dtype: "int64", shape: null }],
    ]);
    const decode = (body: Buffer) =>
      decodePredict(body, () => ({ inputs, outputs: new Map() })).inputs;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed);
        const [width, rows] = [1 + random.int(200), 1 + random.int(300)];
        const row = () => ({
          a: Array.from({ length: width }, () => random.unit()),
          b: Array.from({ length: width }, () => random.bits()),
        });
        const body = Buffer.from(JSON.stringify({ instances: Array.from({ length: rows }, row) }));
        expect(decode(body)).toEqual(withoutKernel(() => decode(body)));
        // The same memory with another text.
        body.fill("7", body.indexOf("0."), body.indexOf("0.") + 1);
        expect(decode(body)).toEqual(withoutKernel(() => decode(body)));
      }),
      { numRuns: 8 * FACTOR },
    );
  });

  it("may have a number that is longer than a window", () => {
    const long = `0.${"3".repeat(70_000)}`;
    for (const dtype of ["float32", "float64"] as const) {
      expect(expectAlike(Buffer.from(`{"instances":[1,${long},2,${long}]}`), dtype)).toBe(true);
    }
  });
});

const VALUES: Record<Numeric, readonly ((random: Random) => number | bigint)[]> = {
  float32: [
    anyFloat,
    nearFloat,
    (r) => r.unit(),
    (r) => Number(r.unit().toPrecision(1 + r.int(7))),
    (r) => r.int(2_000) / 8,
    (r) => -r.int(1e7),
    (r) => Number(`${r.int(1e6)}e${r.int(30) - 20}`),
    (r) => r.int(4_096) * 2 ** -r.int(24),
  ],
  float64: [
    anyDouble,
    nearFloat,
    (r) => r.unit(),
    (r) => Number(r.unit().toPrecision(1 + r.int(17))),
    (r) => r.int(1e6) / 64,
    (r) => Number(`${r.int(1e6)}e${r.int(60) - 30}`),
    (r) => r.unit() * 10 ** (r.int(60) - 30),
    (r) => r.int(4_096) * 2 ** -r.int(50),
  ],
  int8: [(r) => r.bits()],
  uint8: [(r) => r.bits()],
  int16: [(r) => r.bits(), (r) => r.int(10)],
  int32: [(r) => r.bits(), (r) => r.int(1_000) - 500, (r) => -(2 ** r.int(32))],
  uint32: [(r) => r.bits(), (r) => r.int(1_000), (r) => 10 ** r.int(10)],
  int64: [
    (r) => BigInt(r.bits()) << BigInt(r.int(33)),
    (r) => -(10n ** BigInt(r.int(19))),
    (r) => 2n ** BigInt(r.int(64)) - 1n,
    (r) => BigInt(r.int(200) - 100),
  ],
  uint64: [
    (r) => BigInt(r.bits()) << BigInt(r.int(33)),
    (r) => 10n ** BigInt(r.int(20)) - BigInt(r.int(2)),
    (r) => BigInt(r.int(100)),
  ],
};

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
} as const;

const SPECIAL = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

function elements(dtype: Numeric, length: number, random: Random): Tensor["data"] {
  const data = new ARRAYS[dtype](length);
  for (let i = 0; i < length; i++) data[i] = random.pick(VALUES[dtype])(random) as never;
  if (dtype.startsWith("float")) {
    for (const value of SPECIAL) data[random.int(length)] = value as never;
  }
  return data;
}

describe("numbers that the kernel writes", () => {
  it.each(NUMERIC)("are written as JavaScript writes %s", (dtype) => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed);
        const shape = random.pick([
          [12_000],
          [1, 12_000],
          [12_000, 1],
          [40, 300],
          [20, 3, 200],
          [2, 5, 600, 2],
          [1, 8],
          [3, 3],
        ]);
        const length = shape.reduce((a, b) => a * b);
        const data = elements(dtype, length, random);
        const one = { y: { dtype, shape, data } } as const;
        const two = { y: { dtype, shape, data }, z: { dtype, shape, data } } as const;
        for (const outputs of [one, two]) {
          for (const form of ["row", "columnar"] as const) {
            const text = encodePredict(outputs as never, form);
            const expected = withoutKernel(() => encodePredict(outputs as never, form));
            expect(text.equals(expected)).toBe(true);
          }
        }
      }),
      { numRuns: 4 * FACTOR },
    );
  });
});
