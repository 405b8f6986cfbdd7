import { checkOptionsOf, type OptionChecks, optionCheck } from "@serving-kit/inference";
import {
  type CanaryOptions,
  EXECUTIONS,
  type Execution,
  isCanaryOptions,
} from "@serving-kit/native-library";

/** An execution provider of ONNX Runtime: its name, such as `XNNPACK`, or with its own options. */
export type ExecutionProvider =
  | string
  | { readonly name: string; readonly options?: Readonly<Record<string, string>> };

/**
 * How ONNX models are loaded and run.
 *
 * @example
 * ```ts
 * const options: OnnxOptions = { threads: 2, providers: ["CUDA"] };
 * ```
 */
export interface OnnxOptions {
  /** The file of a folder with several `.onnx` files. Default: `model.onnx`, or the only one. */
  readonly file?: string | undefined;
  /**
   * Where runs happen. Default `auto`: on the event loop only while runs of a shape are measured to take less than
   * 0.25 ms, otherwise on a thread of libuv's pool, as the first of each shape and all runs of a model with loops.
   */
  readonly execution?: Execution | undefined;
  /** Threads that one run may use. Default 1: several calls use the cores better than one call on several threads. */
  readonly threads?: number | undefined;
  /**
   * Maximum number of concurrent runs of one version. Default 3 (libuv's pool less one), and at most one more than the
   * cores: it runs while the event loop takes up another one's answer.
   */
  readonly concurrency?: number | undefined;
  /** How far ONNX Runtime optimises the graph. Default `all`. */
  readonly optimization?: "none" | "basic" | "extended" | "all" | undefined;
  /**
   * Whether memory of runs is kept for later ones. Default true. False frees it after each run, which takes up to 4 %
   * longer; the largest batch then does not decide how much memory the model holds.
   */
  readonly arena?: boolean | undefined;
  /** Execution providers in the order of preference; the CPU comes last by itself. Default none. */
  readonly providers?: readonly ExecutionProvider[] | undefined;
  /** Paths of libraries with custom operators, such as that of onnxruntime-extensions. Default none. */
  readonly customOpLibraries?: readonly string[] | undefined;
  /**
   * Whether dimension 0 of every input and output is the batch. Default: if the file leaves it open everywhere and
   * loading finds that rows do not depend on one another.
   */
  readonly batchable?: boolean | undefined;
  /** Whether loading ends with a run on zeros, if the file fixes all extents but the batch. Default true. */
  readonly warmup?: boolean | undefined;
  /** Loads and warms every version in a child process first. Default: off. */
  readonly canary?: CanaryOptions | undefined;
  /** Path of the ONNX Runtime library. Default: see `libraryReport`. */
  readonly library?: string | undefined;
}

const { boolean, count, listOf, oneOf, path } = optionCheck;

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

const CHECKS: OptionChecks<OnnxOptions> = {
  file: {
    expected: "the name of a file in the folder",
    fits: (value) => isText(value) && !/[\\/\0]/.test(value),
  },
  execution: oneOf(EXECUTIONS),
  threads: count,
  concurrency: count,
  optimization: oneOf(["none", "basic", "extended", "all"]),
  arena: boolean,
  providers: listOf("an array of names, or of { name, options? } with strings", isProvider),
  customOpLibraries: listOf("an array of paths"),
  batchable: boolean,
  warmup: boolean,
  canary: { expected: "{ timeoutMs?: a number > 0 }", fits: isCanaryOptions },
  library: path,
};

/** Checks options. @throws TypeError that names the option, what was expected and what was given. */
export const checkOptions = (options: OnnxOptions): void => checkOptionsOf("onnx", CHECKS, options);

function isProvider(value: unknown): boolean {
  if (isText(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  const { name, options = {}, ...others } = value as Record<string, unknown>;
  const isRecord = typeof options === "object" && options !== null;
  const areTexts = isRecord && Object.values(options).every((one) => typeof one === "string");
  return isText(name) && areTexts && Object.keys(others).length === 0;
}
