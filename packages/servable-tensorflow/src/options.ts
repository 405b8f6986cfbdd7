import { EXECUTIONS, type Execution } from "@serving-kit/native-library";
import type { SessionOptions } from "./session-config.js";

/** How SavedModels are loaded and run. */
export interface TensorFlowOptions extends SessionOptions {
  /** The tags of the graph that is loaded. Default `serve`. */
  readonly tags?: readonly string[];
  /**
   * Where runs happen. Default `auto`: on the event loop only while runs of a shape are measured to
   * take less than 0.25 ms, otherwise on a thread of libuv's pool, as the first of each shape.
   */
  readonly execution?: Execution;
  /**
   * How many calls of one version run at the same time; the others wait in the order of their coming.
   * Default 3 (libuv's pool less one), and not more than the cores.
   */
  readonly concurrency?: number;
  /**
   * Whether dimension 0 of every input and output is the batch. Default: where the signatures say so,
   * by an unknown first dimension everywhere.
   */
  readonly batchable?: boolean;
  /**
   * The requests that are made before a version is available. `file` makes those of
   * `assets.extra/tf_serving_warmup_requests`, if there is one; `synthetic` invents zeros for each
   * signature where there is none, which moves a model that has a state. Default `file`.
   */
  readonly warmup?: "file" | "synthetic" | "none";
  /** How often each of these requests is made. Default 1. */
  readonly warmupIterations?: number;
  /** Paths of libraries with custom ops, loaded before the first model. */
  readonly opLibraries?: readonly string[];
  /**
   * Loads and warms each version in a child process first. A model that makes TensorFlow crash, abort or hang is
   * then a failed version, and the server lives. Costs a process start and a second load for each version.
   * Default: off.
   */
  readonly canary?: CanaryOptions;
  /** Path of the TensorFlow C library. Default: see `libraryReport`. */
  readonly library?: string;
}

/** How the canary tries a version. */
export interface CanaryOptions {
  /** How long the child process may take, in ms. Default 120,000. */
  readonly timeoutMs?: number;
}

type Check = (value: unknown) => string | undefined;

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 1;
const isText = (value: unknown) => typeof value === "string" && value.length > 0;
const count: Check = (value) => (isCount(value) ? undefined : "an integer >= 1");
const boolean: Check = (value) => (typeof value === "boolean" ? undefined : "true or false");
const texts: Check = (value) =>
  Array.isArray(value) && value.every(isText) ? undefined : "an array of strings";
const oneOf =
  (values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value) ? undefined : values.join(" or ");

const checks = new Map<string, Check>([
  ["tags", texts],
  ["execution", oneOf(EXECUTIONS)],
  ["concurrency", count],
  ["batchable", boolean],
  ["warmup", oneOf(["file", "synthetic", "none"])],
  ["warmupIterations", count],
  ["opLibraries", texts],
  ["library", (value) => (isText(value) ? undefined : "a path")],
  ["canary", (value) => (isCanary(value) ? undefined : "{ timeoutMs?: a number > 0 }")],
  ["intraOpThreads", count],
  ["interOpThreads", count],
  [
    "gpu",
    (value) => (isGpu(value) ? undefined : "{ memoryFraction?, allowGrowth?, visibleDevices? }"),
  ],
  ["sessionConfig", (value) => (value instanceof Uint8Array ? undefined : "a Uint8Array")],
]);

/** Checks options. @throws TypeError that names the option, what was expected and what was given. */
export function checkOptions(options: TensorFlowOptions): void {
  for (const [name, value] of Object.entries(options)) {
    const check = checks.get(name);
    if (check === undefined) {
      throw new TypeError(
        `tensorflow has no option "${name}"; it has ${[...checks.keys()].join(", ")}`,
      );
    }
    const expected = value === undefined ? undefined : check(value);
    if (expected !== undefined) {
      const got = typeof value === "string" ? `"${value}"` : JSON.stringify(value);
      throw new TypeError(`option ${name} of tensorflow must be ${expected}; got ${got}`);
    }
  }
}

function isCanary(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { timeoutMs = 1, ...others } = value as Record<string, unknown>;
  return typeof timeoutMs === "number" && timeoutMs > 0 && Object.keys(others).length === 0;
}

function isGpu(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const {
    memoryFraction = 1,
    allowGrowth = false,
    visibleDevices = "",
    ...others
  } = value as Record<string, unknown>;
  return (
    typeof memoryFraction === "number" &&
    memoryFraction > 0 &&
    memoryFraction <= 1 &&
    typeof allowGrowth === "boolean" &&
    typeof visibleDevices === "string" &&
    Object.keys(others).length === 0
  );
}
