import type { Signature, Tensor, Tensors } from "@serving-kit/inference";

/**
 * Maximum deviation of a row in another batch size, where other kernels run, as a fraction of the largest output value.
 */
const MAX_DIFFERENCE = 1e-2;

/** One row of the outputs of a call. */
export interface OutputRow {
  readonly outputs: Tensors;
  readonly row: number;
}

/** Returns why outputs do not have one row for each row of the inputs; undefined if they do. */
export function shapeProblem(outputs: Tensors, rows: number): string | undefined {
  for (const [name, { shape }] of Object.entries(outputs)) {
    if (shape[0] !== rows) return `output "${name}" of ${rows} rows has shape [${shape}]`;
  }
  return undefined;
}

/** Returns whether two rows are equal in every bit; NaN equals NaN. */
export function areSame(a: OutputRow, b: OutputRow): boolean {
  return Object.keys(a.outputs).every((name) => {
    const [left, right] = [elementsOf(a, name), elementsOf(b, name)];
    if (left.length !== right.length) return false;
    if (ArrayBuffer.isView(left) && ArrayBuffer.isView(right)) {
      if (Buffer.compare(bytesOf(left), bytesOf(right)) === 0) return true;
    }
    for (let i = 0; i < left.length; i++) if (!Object.is(key(left[i]), key(right[i]))) return false;
    return true;
  });
}

/** Returns the largest value of each output of some calls: the scale for differences. */
export function scalesOf(calls: readonly Tensors[]): ReadonlyMap<string, number> {
  const scales = new Map<string, number>();
  for (const outputs of calls) {
    for (const [name, { dtype, data }] of Object.entries(outputs)) {
      let largest = scales.get(name) ?? 0;
      if (dtype !== "string") {
        for (let i = 0; i < data.length; i++) {
          const value = Math.abs(numberOf(dtype, (data as Float32Array)[i] as number));
          if (value > largest && value < Number.POSITIVE_INFINITY) largest = value;
        }
      }
      scales.set(name, largest);
    }
  }
  return scales;
}

/** Returns whether two rows are equal up to rounding; integers and strings must be equal exactly. */
export function areNear(
  { outputs: specs }: Signature,
  scales: ReadonlyMap<string, number>,
  a: OutputRow,
  b: OutputRow,
): boolean {
  return Object.keys(a.outputs).every((name) => {
    const { dtype } = a.outputs[name] as Tensor;
    const [left, right] = [elementsOf(a, name), elementsOf(b, name)];
    if (left.length !== right.length) return false;
    const scale = specs.get(name)?.quantization ? 255 : (scales.get(name) ?? 0);
    const isRounded = /float|complex/.test(dtype) || specs.get(name)?.quantization !== undefined;
    const tolerance = isRounded ? MAX_DIFFERENCE * scale : 0;
    for (let i = 0; i < left.length; i++) {
      if (Object.is(key(left[i]), key(right[i]))) continue;
      if (dtype === "string") return false;
      const [x, y] = [left[i], right[i]].map((value) => numberOf(dtype, value as number));
      if (Number.isNaN(x) && Number.isNaN(y)) continue;
      if (!(Math.abs((x as number) - (y as number)) <= tolerance)) return false;
    }
    return true;
  });
}

function elementsOf({ outputs, row }: OutputRow, name: string): ArrayLike<unknown> {
  const { shape, data } = outputs[name] as Tensor;
  const size = data.length / (shape[0] as number);
  const [from, to] = [row * size, (row + 1) * size];
  return ArrayBuffer.isView(data)
    ? (data as Float32Array).subarray(from, to)
    : (data as readonly unknown[]).slice(from, to);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);

/** Returns a value to compare; for strings, their bytes. */
const key = (value: unknown) =>
  value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value;

const half = new DataView(new ArrayBuffer(4));

/** Converts an element to a number; float16 and bfloat16 are stored as bits. */
function numberOf(dtype: Tensor["dtype"], value: number | bigint): number {
  if (dtype === "bfloat16") {
    half.setUint32(0, Number(value) << 16);
    return half.getFloat32(0);
  }
  if (dtype !== "float16") return Number(value);
  const bits = Number(value);
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0
    ? (sign * fraction) / 2 ** 24
    : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
