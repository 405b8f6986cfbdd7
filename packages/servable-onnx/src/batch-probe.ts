import {
  type AnyTensor,
  elementCount,
  NUMERIC_DTYPES,
  type Signature,
  type Tensor,
  type TensorSpec,
  type Tensors,
} from "@serving-kit/inference";

/** Runs a model once. Rejects if the model rejects the inputs, or when the probe's time is over. */
export type RunOnce = (inputs: Tensors) => Promise<Tensors>;

/** The outcome of a probe: whether rows are independent; undefined, with the reason, if that is not known. */
export type ProbeOutcome =
  | { readonly isIndependent: true }
  | { readonly isIndependent: false; readonly reason: string }
  | { readonly isIndependent: undefined; readonly reason: string };

/** Maximum bytes of all inputs of a run. */
const MAX_BYTES = 2 ** 20;

/** Extents to try for open extents other than dimension 0. */
const EXTENTS = [4, 8, 1, 2, 3, 5, 6, 7];

/**
 * Maximum deviation of a row in another batch size, where other kernels run, as a fraction of the row's largest value.
 */
const MAX_DIFFERENCE = 0.05;

/**
 * Probes whether the rows of a model are independent, with generated inputs. The same kernels run the batches [a, a],
 * [a, b] and [b, b]: row 0 of the first two and row 1 of the last two must be equal bit by bit. A run of row a alone
 * must be approximately equal.
 *
 * A batch of two and two single rows cannot be compared bit by bit, because kernels add in another order.
 */
export async function probeRows(run: RunOnce, signature: Signature): Promise<ProbeOutcome> {
  let reason = "its inputs are too large to try it";
  for (const extent of extentsToTry(signature)) {
    const a = rowOf(signature, extent, 1);
    const b = rowOf(signature, extent, 2);
    if (a === undefined || b === undefined) continue;
    try {
      return await compare(run, a, b);
    } catch (error) {
      reason = `it rejects generated inputs: ${error instanceof Error ? error.message : error}`;
    }
  }
  return { isIndependent: undefined, reason };
}

async function compare(run: RunOnce, a: Tensors, b: Tensors): Promise<ProbeOutcome> {
  const alone = await run(a);
  const aa = await run(joined(a, a));
  const ab = await run(joined(a, b));
  const bb = await run(joined(b, b));
  for (const name of Object.keys(alone)) {
    const reason = difference(name, [alone, aa, ab, bb].map((outputs) => outputs[name]) as Row4);
    if (reason !== undefined) return { isIndependent: false, reason };
  }
  return { isIndependent: true };
}

type Row4 = [AnyTensor, AnyTensor, AnyTensor, AnyTensor];

function difference(name: string, [alone, aa, ab, bb]: Row4): string | undefined {
  const hasRows = (tensor: AnyTensor, rows: number) =>
    tensor.shape[0] === rows && String(tensor.shape.slice(1)) === String(alone.shape.slice(1));
  if (!hasRows(alone, 1) || ![aa, ab, bb].every((tensor) => hasRows(tensor, 2))) {
    return `output "${name}" has not one row for each row of the inputs`;
  }
  if (!sameBits(row(ab, 0), row(aa, 0)) || !sameBits(row(ab, 1), row(bb, 1))) {
    return `output "${name}" of a row depends on the other rows`;
  }
  if (!isClose(row(aa, 1), row(aa, 0)) || !isClose(row(aa, 0), row(alone, 0))) {
    return `output "${name}" of a row depends on its place in the batch`;
  }
  return undefined;
}

type Elements = ArrayLike<number | bigint | Uint8Array>;

function row({ shape, data }: AnyTensor, index: number): Elements {
  const size = data.length / (shape[0] as number);
  return data.slice(index * size, (index + 1) * size) as Elements;
}

const bitsOf = (value: unknown) =>
  value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value;

function sameBits(a: Elements, b: Elements): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(bitsOf(a[i]), bitsOf(b[i]))) return false;
  return true;
}

function isClose(a: Elements, b: Elements): boolean {
  if (sameBits(a, b)) return true;
  let largest = 0;
  let farthest = 0;
  for (let i = 0; i < a.length; i++) {
    if (a[i] instanceof Uint8Array) return false;
    const [x, y] = [Number(a[i]), Number(b[i])];
    if (Number.isNaN(x) && Number.isNaN(y)) continue;
    largest = Math.max(largest, Math.abs(y));
    farthest = Math.max(farthest, Math.abs(x - y));
  }
  return farthest <= MAX_DIFFERENCE * largest;
}

/** Without an open extent, one attempt is enough. */
function extentsToTry({ inputs }: Signature): readonly number[] {
  const isOpen = [...inputs.values()].some(({ shape }) => shape?.indexOf(-1, 1) !== -1);
  return isOpen ? EXTENTS : EXTENTS.slice(0, 1);
}

/** Returns inputs of one row; undefined if they are too large. */
function rowOf({ inputs }: Signature, extent: number, seed: number): Tensors | undefined {
  const row: Record<string, Tensor> = Object.create(null);
  let bytes = 0;
  for (const [name, spec] of inputs) {
    if (spec.isOptional) continue;
    const shape = (spec.shape ?? []).map((one, i) => (i === 0 ? 1 : one === -1 ? extent : one));
    const count = elementCount(shape);
    bytes += count * bytesOf(spec);
    if (bytes > MAX_BYTES) return undefined;
    row[name] = { dtype: spec.dtype, shape, data: generate(spec, count, seed) } as Tensor;
  }
  return row;
}

function bytesOf({ dtype }: TensorSpec): number {
  if (dtype === "string") return 8;
  const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
  return array.BYTES_PER_ELEMENT * entriesPerElement;
}

/** Generates numbers between -1 and 1 for floats, 0 and 1 for integers, which may be indices, and short words. */
function generate({ dtype }: TensorSpec, count: number, seed: number): Tensor["data"] {
  if (dtype === "string") {
    return Array.from({ length: count }, (_, i) => Buffer.from(`w${(i * seed + seed) % 7}`));
  }
  const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
  const data = new array(count * entriesPerElement);
  let state = seed * 0x9e3779b9;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const isSet = state >= 2 ** 31;
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = isSet ? 1n : 0n;
    else if (dtype === "float16")
      data[i] = 0x3800 + (state >>> 24); // 0.5 to 0.62
    else if (dtype === "bfloat16")
      data[i] = 0x3f00 + (state >>> 25); // 0.5 to 1
    else if (dtype.startsWith("float") || dtype.startsWith("complex")) {
      data[i] = state / 2 ** 31 - 1;
    } else data[i] = isSet ? 1 : 0;
  }
  return data;
}

function joined(a: Tensors, b: Tensors): Tensors {
  const both: Record<string, Tensor> = Object.create(null);
  for (const [name, { dtype, shape, data }] of Object.entries(a)) {
    const other = (b[name] as Tensor).data;
    const [rows = 0, ...rest] = shape;
    both[name] = { dtype, shape: [2 * rows, ...rest], data: concat(data, other) } as Tensor;
  }
  return both;
}

function concat(a: Tensor["data"], b: Tensor["data"]): Tensor["data"] {
  if (!ArrayBuffer.isView(a)) return [...(a as Uint8Array[]), ...(b as Uint8Array[])];
  const array = a.constructor as new (length: number) => Float32Array;
  const data = new array(a.length + b.length);
  data.set(a as Float32Array);
  data.set(b as Float32Array, a.length);
  return data as Tensor["data"];
}
