const float32 = new Float32Array(1);
const bits32 = new Int32Array(float32.buffer);
const float64 = new Float64Array(1);
const bits64 = new BigInt64Array(float64.buffer);

/** Returns the largest float32 below a float32; -Infinity for the smallest one and for -Infinity. */
export function previousFloat32(value: number): number {
  if (value === Number.NEGATIVE_INFINITY) return value;
  if (value === 0) return -(2 ** -149);
  float32[0] = value;
  bits32[0] = (bits32[0] as number) + (value > 0 ? -1 : 1);
  return float32[0];
}

/** Returns the smallest float64 above a float64; Infinity for the largest one and for Infinity. */
export function nextFloat64(value: number): number {
  if (value === Number.POSITIVE_INFINITY) return value;
  if (value === 0) return 2 ** -1074;
  float64[0] = value;
  bits64[0] = (bits64[0] as bigint) + (value > 0 ? 1n : -1n);
  return float64[0];
}
