import { messageOf } from "@serving-kit/core";
import {
  type DType,
  type Predictor,
  type Signature,
  type Tensor,
  type TensorSpec,
  type Tensors,
  tensor,
} from "@serving-kit/inference";

/** Three different rows in both orders, and a row next to itself. */
const ORDERS = [
  [0, 1, 2],
  [2, 1, 0],
  [1, 1, 0],
];
const ROWS = 3;

/** Kernels add in another order for another batch size. A fraction of the largest value. */
const FLOAT_TOLERANCE = 1e-4;

/** Maximum number of elements of a generated input. */
const MAX_ELEMENTS = 2 ** 24;

/** The part of a predictor that a probe of its rows needs. */
export type RowPredictor = Pick<Predictor, "predict" | "signatures">;

/**
 * Probes whether each row of an answer depends only on the same row of the inputs: runs random rows one by one and in
 * batches, in both orders and next to other neighbors. Returns the reason why rows cannot be joined; undefined if they
 * can. The random numbers are the same each time.
 */
export async function rowDependence(predictor: RowPredictor): Promise<string | undefined> {
  for (const [name, signature] of predictor.signatures) {
    try {
      const reason = await tryRows(predictor, name, signature);
      if (reason !== undefined) return `signature "${name}": ${reason}`;
    } catch (error) {
      return `signature "${name}" does not run in a batch of ${ROWS}: ${messageOf(error)}`;
    }
  }
  return undefined;
}

async function tryRows(
  predictor: RowPredictor,
  name: string,
  signature: Signature,
): Promise<string | undefined> {
  const rows = generateRows(signature);
  if (typeof rows === "string") return rows;
  const run = (order: readonly number[]) =>
    predictor.predict(joined(signature, rows, order), { signature: name });
  const alone: Tensors[] = [];
  for (let row = 0; row < ROWS; row++) alone.push(await run([row]));
  const names = [...signature.outputs.keys()];
  const rowOf = (row: number, name: string) => alone[row]?.[name] as Tensor;
  if (!names.some((name) => differs(signature, name, rowOf(0, name), 0, rowOf(1, name), 0))) {
    return "answers to random inputs do not differ";
  }
  for (const order of ORDERS) {
    const together = await run(order);
    for (const name of names) {
      const batch = together[name] as Tensor;
      const expected = [ROWS, ...rowOf(0, name).shape.slice(1)];
      if (`${batch.shape}` !== `${expected}`) {
        return `output "${name}" must have shape [${expected}] for ${ROWS} rows; got [${batch.shape}]`;
      }
      const place = order.findIndex((row, i) =>
        differs(signature, name, rowOf(row, name), 0, batch, i),
      );
      if (place !== -1) return `output "${name}" of a row depends on the other rows of the batch`;
    }
  }
  return undefined;
}

/** Returns the values of each row, by input; a reason if none can be generated. */
function generateRows({ inputs }: Signature): ReadonlyMap<string, readonly RowValues[]> | string {
  const random = generator();
  const rows = new Map<string, readonly RowValues[]>();
  for (const [name, { dtype, shape }] of inputs) {
    const extents = shape?.slice(1) ?? [-1];
    const size = extents.reduce((product, extent) => product * extent, 1);
    if (extents.some((extent) => extent < 1)) return `input "${name}" has an unknown extent`;
    if (size > MAX_ELEMENTS) return `input "${name}" is too large to generate`;
    const value = RANDOM[dtype];
    if (value === undefined) return `inputs of ${dtype} are not generated`;
    rows.set(
      name,
      Array.from(
        { length: ROWS },
        () => Array.from({ length: size }, () => value(random)) as RowValues,
      ),
    );
  }
  return rows;
}

type RowValues = readonly number[] | readonly bigint[];

/** Integers that may be indices are only 0 and 1. */
const RANDOM: Partial<Record<DType, (random: () => number) => number | bigint>> = {
  float32: (random) => 2 * random() - 1,
  float64: (random) => 2 * random() - 1,
  float16: (random) => 2 * random() - 1,
  bfloat16: (random) => 2 * random() - 1,
  int8: (random) => Math.floor(256 * random()) - 128,
  uint8: (random) => Math.floor(256 * random()),
  int16: (random) => Math.floor(2_000 * random()) - 1_000,
  int32: (random) => Math.round(random()),
  int64: (random) => BigInt(Math.round(random())),
  bool: (random) => Math.round(random()),
};

function joined(
  { inputs }: Signature,
  rows: ReadonlyMap<string, readonly RowValues[]>,
  order: readonly number[],
): Tensors {
  return Object.fromEntries(
    [...inputs].map(([name, { dtype, shape }]) => {
      const values = order.flatMap((row) => rows.get(name)?.[row] as number[]);
      const extents = [order.length, ...(shape as readonly number[]).slice(1)];
      return [name, tensor(dtype as "float32", extents, values)];
    }),
  );
}

/** Returns whether two rows of tensors differ by more than rounding. */
function differs(
  { outputs }: Signature,
  name: string,
  a: Tensor,
  rowA: number,
  b: Tensor,
  rowB: number,
): boolean {
  const size = a.data.length / (a.shape[0] ?? 1);
  const [valuesA, valuesB] = [rowOf(a, rowA, size), rowOf(b, rowB, size)];
  if (a.dtype === "string") {
    return valuesA.some((value, i) => Buffer.compare(value as never, valuesB[i] as never) !== 0);
  }
  const tolerance = toleranceOf(outputs.get(name) as TensorSpec, valuesA as number[]);
  return valuesA.some((value, i) => {
    const [left, right] = [Number(value), Number(valuesB[i])];
    return !Object.is(left, right) && !(Math.abs(left - right) <= tolerance);
  });
}

const rowOf = ({ data }: Tensor, row: number, size: number): unknown[] =>
  Array.from<unknown>(data.slice(row * size, (row + 1) * size) as never);

/** Returns one step of a quantized output; other integers must be exact. */
function toleranceOf({ dtype, quantization }: TensorSpec, values: readonly number[]): number {
  if (quantization !== undefined) return 1;
  if (dtype !== "float32" && dtype !== "float64") return 0;
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value) || 0), 0);
  return FLOAT_TOLERANCE * largest;
}

/** Uniform numbers from 0 to 1 (mulberry32). */
function generator(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns a signature whose inputs and outputs can have any extent in dimension 0. */
export function withOpenBatch(signature: Signature): Signature {
  const open = (specs: Signature["inputs"]) =>
    new Map(
      [...specs].map(([name, spec]) => [
        name,
        { ...spec, shape: spec.shape && [-1, ...spec.shape.slice(1)] },
      ]),
    );
  const { inputs, outputs, aliases } = signature;
  return {
    ...signature,
    inputs: open(inputs),
    outputs: open(outputs),
    ...(aliases && { aliases: aliases.map(withOpenBatch) }),
  };
}
