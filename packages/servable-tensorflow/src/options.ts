import { checkOptionsOf, type OptionChecks, optionCheck } from "@serving-kit/inference";
import {
  type CanaryOptions,
  EXECUTIONS,
  type Execution,
  isCanaryOptions,
} from "@serving-kit/native-library";
import type { SessionOptions } from "./session-config.js";

/**
 * How SavedModels are loaded and run.
 *
 * @example
 * ```ts
 * const options: TensorFlowOptions = { intraOpThreads: 1, warmup: "synthetic" };
 * ```
 */
export interface TensorFlowOptions extends SessionOptions {
  /** The tags of the graph that is loaded. Default `serve`. */
  readonly tags?: readonly string[] | undefined;
  /**
   * Where runs happen. Default `auto`: on the event loop only while runs of a shape are measured to
   * take less than 0.25 ms, otherwise on a thread of libuv's pool, as the first of each shape.
   */
  readonly execution?: Execution | undefined;
  /**
   * How many calls of one version run at the same time; the others wait in the order of their coming.
   * Default 3 (libuv's pool less one), and not more than the cores.
   */
  readonly concurrency?: number | undefined;
  /**
   * Whether dimension 0 of every input and output is the batch. Default: where the signatures say so,
   * by an unknown first dimension everywhere.
   */
  readonly batchable?: boolean | undefined;
  /**
   * The requests that are made before a version is available. `file` makes those of
   * `assets.extra/tf_serving_warmup_requests`, if there is one; `synthetic` generates zeros for each
   * signature where there is none, which moves a model that has a state. Default `file`.
   */
  readonly warmup?: "file" | "synthetic" | "none" | undefined;
  /** How often each of these requests is made. Default 1. */
  readonly warmupIterations?: number | undefined;
  /** Paths of libraries with custom ops, loaded before the first model. */
  readonly opLibraries?: readonly string[] | undefined;
  /**
   * Loads and warms each version in a child process first. A model that makes TensorFlow crash, abort or hang is
   * then a failed version, and the server lives. Costs a process start and a second load for each version.
   * Default: off.
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

/** Checks options. @throws TypeError that names the option, what was expected and what was given. */
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
