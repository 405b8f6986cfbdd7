import {
  elementCount,
  NUMERIC_DTYPES,
  type Signature,
  type Tensor,
  TensorRecord,
  type TensorSpec,
  type Tensors,
} from "@serving-kit/inference";

/** The kinds of random rows: floats from 0 to 1, around 0 up to about 9 or 3,000, small integers, or all of these. */
export type RowKind = "unit" | "wide" | "large" | "integers" | "mixed";

/** Parameters for drawing rows that a model accepts. */
export interface RowForm {
  readonly kind: RowKind;
  /** The extent of open dimensions other than dimension 0. */
  readonly extent: number;
}

/** Returns a generator of random numbers from 0 to 1 (mulberry32), deterministic for a seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Draws the required inputs of a call, each with one row; undefined if a dtype cannot be drawn. */
export function drawRow(
  { inputs }: Signature,
  form: RowForm,
  random: () => number,
): Tensors | undefined {
  const row = new TensorRecord();
  for (const [name, spec] of inputs) {
    if (spec.isOptional) continue;
    const data = drawData(spec, sizeOf(spec, form.extent), kindOf(form.kind, random), random);
    if (data === undefined) return undefined;
    row[name] = { dtype: spec.dtype, shape: shapeOf(spec, form.extent), data } as Tensor;
  }
  return row;
}

/** Returns the approximate number of bytes of a row. */
export function rowBytes({ inputs }: Signature, extent: number): number {
  const sizes = [...inputs.values()].filter(({ isOptional }) => !isOptional);
  return sizes.reduce((sum, spec) => sum + 8 * sizeOf(spec, extent), 0);
}

/** Joins rows into one call. */
export function stackRows(rows: readonly Tensors[]): Tensors {
  const stacked = new TensorRecord();
  for (const [name, { dtype, shape }] of Object.entries(rows[0] ?? {})) {
    const parts = rows.map((row) => (row[name] as Tensor).data);
    const extents = [rows.length, ...shape.slice(1)];
    stacked[name] = { dtype, shape: extents, data: joined(parts) } as Tensor;
  }
  return stacked;
}

/** Returns a row whose floats all have one value. */
export function poisonedRow(row: Tensors, value: number): Tensors {
  const poisoned = new TensorRecord();
  for (const [name, tensor] of Object.entries(row)) {
    const isFloat = tensor.dtype === "float32" || tensor.dtype === "float64";
    const data = isFloat ? (tensor.data as Float32Array).slice().fill(value) : tensor.data;
    poisoned[name] = { ...tensor, data } as Tensor;
  }
  return poisoned;
}

const shapeOf = ({ shape }: TensorSpec, extent: number): readonly number[] =>
  (shape ?? [1]).map((one, i) => (i === 0 ? 1 : one === -1 ? extent : one));

const sizeOf = (spec: TensorSpec, extent: number): number => elementCount(shapeOf(spec, extent));

const KINDS = ["unit", "wide", "large", "integers"] as const;

/** Returns the kind of one input of a row: in a mixed row, each input has its own kind, or zeros. */
function kindOf(kind: RowKind, random: () => number): RowKind | "zeros" {
  if (kind !== "mixed") return kind;
  return KINDS[Math.floor(random() * (KINDS.length + 1))] ?? "zeros";
}

type Draw = RowKind | "zeros";

const normal = (random: () => number) =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

const FLOATS: Readonly<Record<Draw, (random: () => number) => number>> = {
  unit: (random) => random(),
  wide: (random) => 3 * normal(random),
  large: (random) => 1_000 * normal(random),
  integers: (random) => Math.floor(4 * random()),
  mixed: (random) => random(),
  zeros: () => 0,
};

/** Integers stay small, because they may be indices of small tables. */
const INTEGER_LIMITS: Readonly<Record<Draw, number>> = {
  ...{ unit: 2, wide: 10, large: 10, integers: 4, mixed: 2, zeros: 1 },
};

function drawData(
  spec: TensorSpec,
  count: number,
  kind: Draw,
  random: () => number,
): Tensor["data"] | undefined {
  const { dtype } = spec;
  if (dtype === "string") return Array.from({ length: count }, () => drawText(kind, random));
  const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
  if (entriesPerElement !== 1 || dtype === "float16" || dtype === "bfloat16") return undefined;
  const data = new array(count);
  for (let i = 0; i < count; i++) data[i] = drawNumber(spec, kind, random) as never;
  return data as Tensor["data"];
}

function drawNumber(
  { dtype, quantization }: TensorSpec,
  kind: Draw,
  random: () => number,
): number | bigint {
  if (dtype === "float32" || dtype === "float64") return FLOATS[kind](random);
  if (dtype === "bool") return Math.floor(2 * random());
  if (quantization !== undefined) return Math.floor(256 * random()) - (dtype === "int8" ? 128 : 0);
  const integer = Math.floor(INTEGER_LIMITS[kind] * random());
  return dtype === "int64" || dtype === "uint64" ? BigInt(integer) : integer;
}

const WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "7", "Once upon"];
const encoder = new TextEncoder();

/** Draws one word, zero to six words, or digits. */
function drawText(kind: Draw, random: () => number): Uint8Array {
  if (kind === "zeros") return new Uint8Array(0);
  if (kind === "integers") return encoder.encode(String(Math.floor(100 * random())));
  const count = kind === "unit" ? 1 : Math.floor(7 * random());
  const words = Array.from({ length: count }, () => WORDS[Math.floor(WORDS.length * random())]);
  return encoder.encode(words.join(" "));
}

function joined(parts: readonly Tensor["data"][]): Tensor["data"] {
  const [first] = parts;
  if (!ArrayBuffer.isView(first)) return (parts as readonly Uint8Array[][]).flat();
  const array = first.constructor as new (length: number) => Float32Array;
  const data = new array(first.length * parts.length);
  for (const [i, part] of parts.entries()) data.set(part as Float32Array, i * first.length);
  return data as Tensor["data"];
}
