import { latin1 } from "./json-text.js";
import { writeFloat32, writeFloat64 } from "./write-float.js";

const scratch = new Uint8Array(32);

/** Formats a float32 as TF Serving does: `0.333333343`, `9.0`, `1e+06`, `NaN`. */
export function format32(value: number): string {
  return latin1(scratch, 0, writeFloat32(scratch, 0, Math.fround(value)));
}

/** Formats a float64 as TF Serving does. */
export function format64(value: number): string {
  return latin1(scratch, 0, writeFloat64(scratch, 0, value));
}
