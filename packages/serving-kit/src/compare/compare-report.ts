import type { Tensor, Tensors } from "@serving-kit/inference";
import type { EngineMeasurement } from "./measure-engine.js";

/** The difference between the outputs of two engines. */
export interface Difference {
  /** The largest difference between two elements; undefined if the outputs cannot be compared. */
  readonly largest?: number;
  /** Why the outputs cannot be compared. */
  readonly problem?: string;
}

/** Compares outputs in the order of their names, because formats name the same output differently. */
export function differenceOf(a: Tensors, b: Tensors): Difference {
  const [first, second] = [sortedOf(a), sortedOf(b)];
  if (first.length !== second.length) {
    return { problem: `${second.length} outputs instead of ${first.length}` };
  }
  let largest = 0;
  for (const [i, tensor] of first.entries()) {
    const other = second[i] as Tensor;
    if (String(tensor.shape) !== String(other.shape)) {
      return { problem: `shape [${other.shape}] instead of [${tensor.shape}]` };
    }
    largest = Math.max(largest, distance(tensor, other));
  }
  return { largest };
}

const sortedOf = (tensors: Tensors) =>
  Object.entries(tensors)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, tensor]) => tensor);

/** The largest difference of elements; infinite for strings that differ. */
function distance({ data: a }: Tensor, { data: b }: Tensor): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i], b[i]];
    if (x instanceof Uint8Array || y instanceof Uint8Array) {
      const isSame = x !== undefined && y !== undefined && String(x) === String(y);
      if (!isSame) return Number.POSITIVE_INFINITY;
    } else if (!(Number.isNaN(Number(x)) && Number.isNaN(Number(y)))) {
      largest = Math.max(largest, Math.abs(Number(x) - Number(y)));
    }
  }
  return largest;
}

/** A line of the report. */
export interface ComparedEngine extends Omit<EngineMeasurement, "outputs"> {
  /** The difference from the outputs of the first engine. */
  readonly difference: Difference;
}

/** Compares measurements to the first one. */
export function compare(measurements: readonly EngineMeasurement[]): readonly ComparedEngine[] {
  return measurements.map(({ outputs, ...measurement }) => ({
    ...measurement,
    difference: differenceOf(measurements[0]?.outputs ?? {}, outputs),
  }));
}

const HEADINGS = [
  "engine",
  "load ms",
  "memory MiB",
  "p50 ms",
  "p99 ms",
  "calls/s",
  "batch",
  "difference",
];

/** The comparison as a table, one engine per line. */
export function formatComparison(engines: readonly ComparedEngine[]): string {
  const rows = [HEADINGS, ...engines.map(cellsOf)];
  const widths = HEADINGS.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const lines = rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))),
  );
  return [
    ...lines.map((cells) => cells.join("  ")),
    "",
    "memory: growth of the process from library and model; calls/s: with concurrent callers; batch: the mean batch size then;",
    `difference: the largest absolute difference of an output element from ${engines[0]?.engine}.`,
  ].join("\n");
}

function cellsOf(engine: ComparedEngine): string[] {
  const { largest, problem = "" } = engine.difference;
  return [
    engine.engine,
    engine.loadMs.toFixed(0),
    (engine.memoryBytes / 2 ** 20).toFixed(1),
    engine.p50Ms.toFixed(3),
    engine.p99Ms.toFixed(3),
    Math.round(engine.callsPerSecond).toLocaleString("en"),
    engine.batchSize.toFixed(1),
    largest === undefined ? problem : largest === 0 ? "none" : largest.toExponential(1),
  ];
}
