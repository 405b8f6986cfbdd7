import type { AbstractTensor } from "../values/abstract-tensor.js";
import { type Elements, isUniform, rangeAt } from "../values/elements.js";
import { type Extent, elementsOf } from "../values/extent.js";

/** A requirement of a kernel for its operands, and whether it holds. */
export interface Finding {
  /** The name of the operand, such as `begin`. */
  readonly operand: string;
  /** The index of the operand among the operator's inputs; absent for the size of the result. */
  readonly input?: number;
  readonly isShown: boolean;
  /** True if the inputs of the model alone determine it: then it is checked before each run. */
  readonly isExact: boolean;
  /** True if a kernel stays within its memory if the value is wrong. */
  readonly isSafe: boolean;
  /** True if a result is too large for all values of the inputs. */
  readonly isCertain?: boolean;
  /** An element that is or may be out of range, and the range. */
  readonly got: string;
  /** The input of the model that the value comes from, if it is one. */
  readonly source?: string;
  readonly expected: string;
}

/** The operand of a finding about the size of an operator's result. */
export const RESULT = "result";

/** The allowed range of an operand's elements: the same for all, or by index. */
export type Allowed = (index: number) => readonly [number, number];

/** Requires elements of an operand within a range. */
export function elementsWithin(
  operand: string,
  input: number,
  tensor: AbstractTensor,
  allowed: Allowed,
  { isExact = true, isSafe = false, period = 1 } = {},
): Finding {
  const at = firstOutside(tensor, allowed, period);
  const [lo, hi] = allowed(at ?? 0);
  return {
    operand,
    input,
    isShown: at === undefined,
    isExact: tensor.isExact && tensor.isShapeExact && isExact,
    isSafe,
    ...sourceOf(tensor),
    got: at === undefined ? "" : rangeText(rangeAt(tensor.elements, at)),
    expected: lo > hi ? "no value, since the extent is 0" : rangeText([lo, hi]),
  };
}

/**
 * Returns the first element that can be out of range. If all elements have one range, checks each index of a period.
 */
function firstOutside(
  { elements, shape }: AbstractTensor,
  allowed: Allowed,
  period: number,
): number | undefined {
  if (elementsOf(shape).hi === 0) return undefined;
  const count = isUniform(elements) ? period : elements.lo.length;
  for (let i = 0; i < count; i++) {
    const [lo, hi] = allowed(i);
    if (!isInside(elements, i, lo, hi)) return i;
  }
  return undefined;
}

function isInside({ lo, hi }: Elements, index: number, least: number, most: number): boolean {
  const at = lo.length === 1 ? 0 : index;
  return (lo[at] as number) >= least && (hi[at] as number) <= most;
}

/** Requires a condition on an operand's values; `isShown` returns whether it is proven. */
export function required(
  operand: string,
  input: number,
  tensor: AbstractTensor,
  options: { isShown: boolean; expected: string; isExact?: boolean; isSafe?: boolean },
): Finding {
  const { isShown, expected, isExact = true, isSafe = false } = options;
  const count = Math.min(isUniform(tensor.elements) ? 1 : tensor.elements.lo.length, 8);
  const list = Array.from({ length: count }, (_, i) => rangeText(rangeAt(tensor.elements, i)));
  return {
    operand,
    input,
    isShown,
    isExact: tensor.isExact && tensor.isShapeExact && isExact,
    isSafe,
    ...sourceOf(tensor),
    got: list.join(", "),
    expected,
  };
}

/** Requires a result of at most `maxBytes`. A result whose size is known only during the run may be larger. */
export function resultWithin(
  shape: readonly Extent[] | undefined,
  bytesPerElement: number,
  maxBytes: number,
  isExact: boolean,
): Finding {
  // Kernels compute strides of empty tensors too.
  const bytes = (shape ?? []).reduce((size, { hi }) => size * Math.max(hi, 1), bytesPerElement);
  const least = (shape ?? []).reduce((size, { lo }) => size * Math.max(lo, 1), bytesPerElement);
  return {
    operand: RESULT,
    isShown: shape !== undefined && bytes <= maxBytes,
    isExact: isExact && shape !== undefined,
    isSafe: true,
    isCertain: least > maxBytes,
    got: `${bytes} bytes (shape [${shape?.map(({ hi }) => hi)}])`,
    expected: `at most ${maxBytes} bytes (maxTensorBytes)`,
  };
}

const sourceOf = ({ source }: AbstractTensor) => (source === undefined ? {} : { source });

const rangeText = ([lo, hi]: readonly [number, number]) =>
  lo === hi ? String(lo) : `${lo} to ${hi}`;
