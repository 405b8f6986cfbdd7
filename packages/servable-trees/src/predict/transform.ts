import type { Transform } from "../tree-model.js";

const { fround } = Math;

/** Transforms the margins of some rows, `groups` numbers per row, to predictions in place. */
export type ApplyTransform<A> = (margins: A, groups: number) => void;

/** XGBoost's formulas, each step in float32. */
export const FLOAT32_TRANSFORMS: Readonly<
  Record<Transform["kind"], ApplyTransform<Float32Array> | undefined>
> = {
  identity: undefined,
  argmax: undefined,
  signedSquare: undefined,
  softplus: undefined,
  sigmoid(margins) {
    for (let i = 0; i < margins.length; i++) {
      const exponent = Math.min(-(margins[i] as number), MAX_EXPONENT);
      const divisor = fround(fround(fround(Math.exp(exponent)) + 1) + EPSILON);
      margins[i] = 1 / divisor;
    }
  },
  softmax(margins, groups) {
    for (let at = 0; at < margins.length; at += groups) {
      let largest = Number.NEGATIVE_INFINITY;
      for (let i = at; i < at + groups; i++) largest = Math.max(largest, margins[i] as number);
      let sum = 0;
      for (let i = at; i < at + groups; i++) {
        margins[i] = Math.exp(fround((margins[i] as number) - largest));
        sum += margins[i] as number;
      }
      for (let i = at; i < at + groups; i++) margins[i] = (margins[i] as number) / fround(sum);
    }
  },
  exp(margins) {
    for (let i = 0; i < margins.length; i++) margins[i] = Math.exp(margins[i] as number);
  },
  step(margins) {
    for (let i = 0; i < margins.length; i++) margins[i] = Number((margins[i] as number) > 0);
  },
};

/** The largest exponent of XGBoost's sigmoid, and the term that it adds to the divisor. */
const MAX_EXPONENT = fround(88.7);
const EPSILON = fround(1e-16);

/** LightGBM's formulas, in float64. */
export function float64Transform({
  kind,
  scale = 1,
}: Transform): ApplyTransform<Float64Array> | undefined {
  const each = FLOAT64[kind];
  if (each) {
    return (margins) => {
      for (let i = 0; i < margins.length; i++) margins[i] = each(margins[i] as number, scale);
    };
  }
  return kind === "softmax" ? softmax64 : undefined;
}

const FLOAT64: Partial<Record<Transform["kind"], (value: number, scale: number) => number>> = {
  sigmoid: (value, scale) => 1 / (1 + Math.exp(-scale * value)),
  exp: (value) => Math.exp(value),
  signedSquare: (value) => Math.sign(value) * value * value,
  softplus: (value) => Math.log1p(Math.exp(value)),
};

function softmax64(margins: Float64Array, groups: number): void {
  for (let at = 0; at < margins.length; at += groups) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = at; i < at + groups; i++) largest = Math.max(largest, margins[i] as number);
    let sum = 0;
    for (let i = at; i < at + groups; i++) {
      margins[i] = Math.exp((margins[i] as number) - largest);
      sum += margins[i] as number;
    }
    for (let i = at; i < at + groups; i++) margins[i] = (margins[i] as number) / sum;
  }
}

/** Returns the index of the largest number of each row; the first if several are equal. */
export function largestOf(margins: ArrayLike<number>, row: number, groups: number): number {
  let best = 0;
  for (let i = 1; i < groups; i++) {
    if ((margins[row * groups + i] as number) > (margins[row * groups + best] as number)) best = i;
  }
  return best;
}
