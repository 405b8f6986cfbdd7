/** The sides of a box: left, top, right and bottom. */
export type Corners = readonly [left: number, top: number, right: number, bottom: number];

/** A detected box. */
export interface FoundBox {
  readonly corners: Corners;
  readonly score: number;
  readonly label: number;
}

/** Returns the intersection over union of two boxes. */
export function overlapOf(a: Corners, b: Corners): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  return both / (areaOf(a) + areaOf(b) - both);
}

const areaOf = ([left, top, right, bottom]: Corners) => (right - left) * (bottom - top);

/**
 * Drops each box that overlaps a box of its class with a higher score by more than `limit`. The boxes must be sorted.
 */
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
