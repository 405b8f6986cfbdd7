/** The goal of a figure, in the unit of its value. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

/** One measured number. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** Such as `op/s`, `ms`, `B/op`, `x` for a ratio, `requests` for a count. */
  readonly unit: string;
  /** The goal from the issue or the documentation. Without a goal, the figure is only recorded. */
  readonly goal?: Goal;
  /** The baseline of the value, measured in the same run, in the same unit. */
  readonly baseline?: number;
  /** The deviation of single rounds from the median, in per cent of it. */
  readonly spread?: number;
}

/** The default export of every file `bench/<group>/<name>.ts`. */
export interface Benchmark {
  /** The measurement in a few words; shown while it runs. */
  readonly name: string;
  /** Runs once, in a process of its own with `--expose-gc`. */
  run(): Promise<Figure[]>;
}

/** Returns whether a figure reaches its goal; undefined when it has none. */
export function isReached({ value, goal }: Figure): boolean | undefined {
  if (goal === undefined) return undefined;
  return "atLeast" in goal ? value >= goal.atLeast : value <= goal.atMost;
}
