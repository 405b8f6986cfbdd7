import { rowAnalysis } from "@serving-kit/inference";
import type { OpView } from "./op-view.js";

const { countsRows, isFixed, isRows, join, mixed, OPEN, refused, rows } = rowAnalysis;
type RowValue = rowAnalysis.RowValue;

/** The results of a function for some arguments. */
export type Call = (name: string, values: readonly RowValue[]) => readonly RowValue[];

/** Maximum iterations of the search for a fixed point. Each iteration changes the facts about at least one value. */
const MAX_TURNS = 16;

/** Returns the final variables of a loop, for any number of iterations that is the same in every batch. */
export function loop(op: OpView, call: Call): readonly RowValue[] {
  const [condition, body] = [op.fn("cond"), op.fn("body")];
  if (condition === undefined || body === undefined) return [mixed("its functions are not known")];
  let values: readonly RowValue[] = op.inputs;
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const after = call(body, values);
    const joined = values.map((value, i) => join(value, after[i]) as RowValue);
    const isStable = JSON.stringify(joined) === JSON.stringify(values);
    values = joined;
    if (isStable) break;
    if (turn === MAX_TURNS - 1) return [mixed("what its loop computes is not known")];
  }
  const [goesOn] = call(condition, values);
  const isSame = goesOn !== undefined && isFixed(goesOn) && !countsRows(goesOn);
  return isSame ? values : [mixed("the number of its turns depends on rows")];
}

/** Returns a list of a tensor's slices along its first axis, which must not be the row axis. */
export function listOf(op: OpView): RowValue {
  const value = op.input(0);
  if (isFixed(value)) return { kind: "list", element: refused(value) };
  if (!isRows(value)) return refused(value);
  if (value.axis === 0) return mixed("it is a list of rows");
  return { kind: "list", element: rows(value.axis - 1, value.shape.slice(1)) };
}

/** Returns an empty list, whose length must not count rows. */
export function reserved(op: OpView): RowValue {
  const length = op.input(1);
  const isKnown = isFixed(length) && !countsRows(length);
  return isKnown
    ? { kind: "list", element: undefined }
    : mixed("its list is as long as there are rows");
}

/** Returns a list with another item at an index. */
export function withItem(op: OpView): RowValue {
  const [list, index, item] = [op.input(0), op.input(1), op.input(2)];
  if (list.kind !== "list") return list.kind === "mixed" ? list : mixed("its list is not known");
  if (!isFixed(index) || countsRows(index)) return refused(index);
  return { kind: "list", element: join(list.element, item) };
}

/** Returns the item at an index of a list. */
export function itemOf(op: OpView): RowValue {
  const [list, index] = [op.input(0), op.input(1)];
  if (list.kind !== "list") return list.kind === "mixed" ? list : mixed("its list is not known");
  if (!isFixed(index) || countsRows(index)) return refused(index);
  return list.element ?? mixed("nothing is written to its list");
}

/** Stacks the items of a list along a new first axis. */
export function stacked(op: OpView): RowValue {
  const list = op.input(0);
  if (list.kind !== "list") return list.kind === "mixed" ? list : mixed("its list is not known");
  const { element } = list;
  if (element === undefined) return mixed("nothing is written to its list");
  return isRows(element) ? rows(element.axis + 1, [OPEN, ...element.shape]) : refused(element);
}
