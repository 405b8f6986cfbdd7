import { hull } from "../values/elements.js";
import { elementsOf } from "../values/extent.js";
import type { OperatorView } from "../values/operator-view.js";
import { type Finding, required } from "./constraint.js";

/** The processor traps a division of integers by 0, and of the minimum integer by -1. */
export function checkDivisor(op: OperatorView): Finding {
  const [x, divisor] = [op.input(0), op.input(1)];
  const least = x.type === "INT64" ? -(2 ** 63) : -(2 ** 31);
  const isInteger = x.type === "INT32" || x.type === "INT64";
  const [lo, hi] = hull(divisor.elements);
  const hasZero = lo <= 0 && hi >= 0 && isTrapped(divisor.elements, 0);
  const hasMinusOne = lo <= -1 && hi >= -1 && isTrapped(divisor.elements, -1);
  const isShown = !isInteger || (!hasZero && !(hasMinusOne && hull(x.elements)[0] <= least));
  return required("divisor", 1, divisor, {
    isShown: isShown || elementsOf(divisor.shape).hi === 0,
    isExact: x.isExact && op.areShapesExact,
    expected: `divisors other than 0, and other than -1 for ${least}`,
  });
}

function isTrapped({ lo, hi }: { lo: Float64Array; hi: Float64Array }, value: number): boolean {
  return lo.some((least, i) => least <= value && (hi[i] as number) >= value);
}
