import { type Extent, isSame, literal, numberOf, OPEN } from "./extent.js";
import { refused } from "./reduce.js";
import {
  countsRows,
  fixed,
  isFixed,
  isRows,
  mixed,
  type RowsValue,
  type RowValue,
  rowExtent,
  rows,
} from "./row-value.js";

/** A matrix product. Leading axes are iterated in parallel or broadcast. */
export function matMul(
  a: RowValue,
  b: RowValue,
  transposesA = false,
  transposesB = false,
): RowValue {
  const problem = [a, b].find(
    (value) => !(isRows(value) || (isFixed(value) && !countsRows(value))),
  );
  if (problem !== undefined) return refused(problem);
  if (isFixed(a) && isFixed(b)) return fixed(undefined);
  const shapes = [a, b].map((value) => (value as RowsValue).shape as readonly Extent[] | undefined);
  const [left, right] = shapes;
  if (left === undefined || right === undefined)
    return mixed("the rank of an operand is not known");
  if (left.length < 2 || right.length < 2) return mixed("an operand is not a matrix");
  // Letters for axes: the leading axes from the back, then the two axes of the matrix.
  const leading = (rank: number) =>
    Array.from({ length: rank - 2 }, (_, i) => `batch${rank - 3 - i}`);
  const matrix = (one: string, two: string, isTransposed: boolean) =>
    isTransposed ? [two, one] : [one, two];
  const longer = Math.max(left.length, right.length);
  return contract(
    [
      [a, [...leading(left.length), ...matrix("m", "k", transposesA)]],
      [b, [...leading(right.length), ...matrix("k", "n", transposesB)]],
    ],
    [...leading(longer), "m", "n"],
  );
}

/** The sum of products of an einsum equation such as `abc,cde->abde`. */
export function einsum(equation: string, operands: readonly RowValue[]): RowValue {
  const problem = operands.find(
    (value) => !(isRows(value) || (isFixed(value) && !countsRows(value))),
  );
  if (problem !== undefined) return refused(problem);
  if (operands.every(isFixed)) return fixed(undefined);
  const [inputs = "", output] = equation.replaceAll(" ", "").split("->");
  const terms = inputs.split(",");
  if (output === undefined || terms.length !== operands.length)
    return mixed("its equation is not known");
  if (equation.includes(".")) return mixed("its equation has an ellipsis");
  return contract(
    operands.map((value, i) => [value, [...(terms[i] as string)]]),
    [...output],
  );
}

/** Products of operands whose axes have names, summed over the names that are not in the result. */
function contract(
  operands: readonly (readonly [RowValue, readonly string[]])[],
  result: readonly string[],
): RowValue {
  const extents = new Map<string, Extent>();
  let name: string | undefined;
  let extent: Extent | undefined;
  for (const [value, names] of operands) {
    if (!isRows(value)) continue;
    if (names.length !== value.shape.length) return mixed("its operands have other ranks");
    const own = names[value.axis] as string;
    if (names.indexOf(own) !== names.lastIndexOf(own)) return mixed("it takes a diagonal of rows");
    if (name !== undefined && own !== name)
      return mixed("rows of one operand meet all rows of another");
    if (extent !== undefined && !isSame(extent, rowExtent(value))) {
      return mixed("operands have different extents where the rows are");
    }
    name = own;
    extent = rowExtent(value);
  }
  for (const [value, names] of operands) {
    const { shape } = value as RowsValue;
    for (const [i, one] of names.entries()) {
      const here = shape?.[i] ?? OPEN;
      if (!isRows(value) && one === name && numberOf(here) !== 1) {
        return mixed("a constant has an extent where the rows are");
      }
      if (numberOf(extents.get(one) ?? literal(1)) === 1) extents.set(one, here);
    }
  }
  if (name === undefined || extent === undefined) return fixed(undefined);
  if (!result.includes(name)) return mixed("it sums over the rows");
  extents.set(name, extent);
  return rows(
    result.indexOf(name),
    result.map((one) => extents.get(one) ?? OPEN),
  );
}

/**
 * A convolution, a pooling or a resize: applied to each row along the other axes, with the same weights for all. The
 * rows are at axis 0.
 */
export function perImage(value: RowValue, weights: readonly RowValue[], rank?: number): RowValue {
  for (const one of [value, ...weights]) {
    if (one.kind === "mixed") return one;
    if (countsRows(one)) return mixed("the number of rows is an operand");
  }
  if (!isRows(value)) return weights.some(isRows) ? mixed("its weights are rows") : refused(value);
  if (weights.some(isRows)) return mixed("its weights are rows");
  if (value.axis !== 0) return mixed("the rows are not at its first axis");
  const size = rank ?? value.shape.length;
  return rows(0, [rowExtent(value), ...Array<Extent>(size - 1).fill(OPEN)]);
}
