import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, ServingError } from "@serving-kit/core";

/** Known points, each of `width` numbers, and the label of each. */
export interface Neighbours {
  readonly points: readonly (readonly number[])[];
  readonly labels: readonly string[];
  readonly width: number;
}

/** Reads `neighbours.json` in a folder. Any problem with it is one error that names its path. */
export async function readNeighbours(folder: string, signal: AbortSignal): Promise<Neighbours> {
  const path = join(folder, "neighbours.json");
  try {
    const { points, labels } = JSON.parse(await readFile(path, { encoding: "utf8", signal }));
    const width = points[0].length;
    if (!points.every((point: unknown[]) => point.length === width && point.every(Number.isFinite)))
      throw new TypeError("points must be lists of the same number of numbers");
    if (labels.length !== points.length) throw new TypeError("each point must have a label");
    return { points, labels: labels.map(String), width };
  } catch (cause) {
    signal.throwIfAborted(); // readFile would reject with its own error instead of the signal's reason
    throw new ServingError(
      "FAILED_PRECONDITION",
      "NEIGHBOURS_INVALID",
      `expected points and labels in ${path}; got: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** The index of the point with the smallest Euclidean distance. */
export function nearest(points: Neighbours["points"], wanted: Float32Array): number {
  let best = { index: 0, distance: Number.POSITIVE_INFINITY };
  for (const [index, point] of points.entries()) {
    const distance = point.reduce((sum, x, i) => sum + (x - (wanted[i] as number)) ** 2, 0);
    if (distance < best.distance) best = { index, distance };
  }
  return best.index;
}
