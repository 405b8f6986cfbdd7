import { rowAnalysis } from "@serving-kit/inference";
import type { OpView } from "./op-view.js";

const { isRows, mixed, refused, slice } = rowAnalysis;
type AxisPart = rowAnalysis.AxisPart;
type RowValue = rowAnalysis.RowValue;

/** A Python slice: start, end and step for each axis; masks mark those that are omitted. */
export function stridedSlice(op: OpView): RowValue {
  const value = op.input(0);
  if (!isRows(value)) return refused(value);
  const [begin, step] = [1, 3].map((i) => op.numbers(i));
  const count = (begin ?? op.extents(1) ?? []).length;
  const masks = Object.fromEntries(
    ["begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"].map((name) => [
      name,
      op.int(name, 0),
    ]),
  ) as Record<string, number>;
  const has = (mask: string, i: number) => (((masks[mask] as number) >> i) & 1) === 1;
  const places = Array.from({ length: count }, (_, i) => i);
  const named = places.filter((i) => !has("ellipsis_mask", i) && !has("new_axis_mask", i)).length;
  const parts = places.flatMap((i): AxisPart[] => {
    if (has("ellipsis_mask", i)) return Array(Math.max(0, value.shape.length - named)).fill("all");
    if (has("new_axis_mask", i)) return ["new"];
    if (has("shrink_axis_mask", i)) return ["one"];
    const isWhole =
      (has("begin_mask", i) || begin?.[i] === 0) && has("end_mask", i) && step?.[i] === 1;
    return [isWhole ? "all" : "some"];
  });
  return count === 0 ? mixed("what it takes is not known") : slice(value, parts);
}
