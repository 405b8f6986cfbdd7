import type { Tensor, Tensors } from "@serving-kit/inference";
import type { Case } from "./answers.js";

/** Largest difference of a float output, as a share of the output's range. */
const FLOAT_SHARE = 1e-5;
/** The same if a tensor of the model is float16. */
const FLOAT16_SHARE = 1e-3;

/**
 * Compares a call's outputs with Python's. Floats may differ by 1e-5 of the output's range (1e-3 with
 * float16 inside), quantized values by one step; everything else must be equal.
 *
 * @returns The first difference in words, or undefined.
 */
export function differenceOf(
  got: Tensors,
  want: Tensors,
  { outputs = {} }: Case,
  hasFloat16: boolean,
): string | undefined {
  const extra = Object.keys(got).find((name) => !(name in want));
  if (extra !== undefined) return `output "${extra}" is not Python's`;
  for (const [name, expected] of Object.entries(want)) {
    const actual = got[name];
    if (actual === undefined) return `output "${name}" is missing`;
    const problem = compareTensors(actual, expected, outputs[name]?.scale ?? 0, hasFloat16);
    if (problem !== undefined) return `output "${name}" ${problem}`;
  }
  return undefined;
}

function compareTensors(got: Tensor, want: Tensor, step: number, hasFloat16: boolean) {
  if (got.dtype !== want.dtype) return `is ${got.dtype}, not ${want.dtype}`;
  if (got.shape.join() !== want.shape.join())
    return `has shape [${got.shape}], not [${want.shape}]`;
  if (got.dtype === "string")
    return compareStrings(got as Tensor<"string">, want as Tensor<"string">);
  const [actual, expected] = [numbersOf(got), numbersOf(want)];
  const range = expected.reduce(
    (most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most),
    0,
  );
  const isFloat = /float|complex/.test(want.dtype);
  const share = hasFloat16 || want.dtype === "float16" ? FLOAT16_SHARE : FLOAT_SHARE;
  // The rounding of a float32 that holds a multiple of the step is not a second step.
  const allowed = isFloat ? Math.max(share * range, step * 1.001) : step > 0 ? 1 : 0;
  let [worst, at] = [0, -1];
  for (const [i, x] of expected.entries()) {
    const y = actual[i] as number;
    if (Object.is(x, y) || x === y) continue;
    const distance = Number.isNaN(x - y) ? Number.POSITIVE_INFINITY : Math.abs(x - y);
    if (distance > Math.max(worst, allowed)) [worst, at] = [distance, i];
  }
  if (at < 0) return undefined;
  return `[${at}] is ${actual[at]}, not ${expected[at]}: ${worst} apart, of a range of ${range}, allowed ${allowed}`;
}

function compareStrings(got: Tensor<"string">, want: Tensor<"string">) {
  const at = want.data.findIndex(
    (bytes, i) => Buffer.compare(bytes, got.data[i] ?? new Uint8Array()) !== 0,
  );
  return at < 0 ? undefined : `differs at string ${at}`;
}

/** The elements as numbers: halves decoded, int64 exact up to 2^53, which random inputs do not exceed. */
function numbersOf({ dtype, data }: Tensor): number[] {
  if (dtype === "float16") return Array.from(data as Uint16Array, fromHalf);
  return Array.from(data as ArrayLike<number | bigint>, Number);
}

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return (
    sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
  );
}
