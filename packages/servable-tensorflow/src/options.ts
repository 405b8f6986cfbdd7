import { checkOptionsOf, type OptionChecks, optionCheck } from "@serving-kit/inference";
import {
  type CanaryOptions,
  EXECUTIONS,
  type Execution,
  isCanaryOptions,
} from "@serving-kit/native-library";
import type { SessionOptions } from "./session-config.js";

/**
 * Options for loading and running SavedModels.
 *
 * @example
 * ```ts
 * const options: TensorFlowOptions = { intraOpThreads: 1, warmup: "synthetic" };
 * ```
 */
export interface TensorFlowOptions extends SessionOptions {
  /** The tags of the graph to load. Default `serve`. */
  readonly tags?: readonly string[] | undefined;
  /**
   * The place where runs execute. Default `auto`: on the event loop only while runs of a shape are measured to take
   * less than 0.25 ms. Otherwise on a thread of libuv's pool, like the first run of each shape.
   */
  readonly execution?: Execution | undefined;
  /**
   * Maximum number of concurrent calls of one version; the others wait in order of arrival. Default 3 (libuv's pool
   * less one), but not more than the number of cores.
   */
  readonly concurrency?: number | undefined;
  /**
   * True if dimension 0 of every input and output is the batch. Default: if the signatures say so, with an unknown
   * first dimension everywhere.
   */
  readonly batchable?: boolean | undefined;
  /**
   * The requests to run before a version is available. `file` runs the requests in
   * `assets.extra/tf_serving_warmup_requests`, if that file exists. `synthetic` also generates zeros for each signature
   * without a request, which changes the state of a model that has one. Default `file`.
   */
  readonly warmup?: "file" | "synthetic" | "none" | undefined;
  /** Number of times that each of these requests is run. Default 1. */
  readonly warmupIterations?: number | undefined;
  /** Paths of libraries with custom ops, which are loaded before the first model. */
  readonly opLibraries?: readonly string[] | undefined;
  /**
   * Loads and warms up each version in a child process first. If a model makes TensorFlow crash, abort or hang, the
   * version fails and the server survives. Costs a process start and a second load for each version. Default: off.
   */
  readonly canary?: CanaryOptions | undefined;
  /** Path of the TensorFlow C library. Default: see `libraryReport`. */
  readonly library?: string | undefined;
}

const { boolean, count, listOf, oneOf, path } = optionCheck;
const texts = listOf("an array of strings");

const CHECKS: OptionChecks<TensorFlowOptions> = {
  tags: texts,
  execution: oneOf(EXECUTIONS),
  concurrency: count,
  batchable: boolean,
  warmup: oneOf(["file", "synthetic", "none"]),
  warmupIterations: count,
  opLibraries: texts,
  library: path,
  canary: { expected: "{ timeoutMs?: a number > 0 }", fits: isCanaryOptions },
  intraOpThreads: count,
  interOpThreads: count,
  gpu: { expected: "{ memoryFraction?, allowGrowth?, visibleDevices? }", fits: isGpu },
  sessionConfig: { expected: "a Uint8Array", fits: (value) => value instanceof Uint8Array },
};

/** Checks options. @throws TypeError with the option's name, what was expected and what was received. */
export const checkOptions = (options: TensorFlowOptions): void =>
  checkOptionsOf("tensorflow", CHECKS, options);

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
