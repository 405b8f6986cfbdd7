/** Four numbers of a box: left, top, right and bottom. */
export type Corners = readonly [left: number, top: number, right: number, bottom: number];

/** A box that a model found. */
export interface FoundBox {
  readonly corners: Corners;
  readonly score: number;
  readonly label: number;
}

/** The share of the area of two boxes together that both cover. */
export function overlapOf(a: Corners, b: Corners): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  return both / (areaOf(a) + areaOf(b) - both);
}

const areaOf = ([left, top, right, bottom]: Corners) => (right - left) * (bottom - top);

/** Leaves out each box that overlaps one of its class with a higher score by more than `limit`. The boxes are sorted. */
export function withoutOverlaps(
  boxes: readonly FoundBox[],
  limit: number,
  most: number,
): readonly FoundBox[] {
  const kept: FoundBox[] = [];
  for (const box of boxes) {
    if (kept.length === most) break;
    const isCovered = kept.some(
      ({ corners, label }) => label === box.label && overlapOf(corners, box.corners) > limit,
    );
    if (!isCovered) kept.push(box);
  }
  return kept;
}
