import { checkOptionsOf, type OptionChecks, optionCheck } from "@serving-kit/inference";
import {
  type CanaryOptions,
  EXECUTIONS,
  type Execution,
  isCanaryOptions,
} from "@serving-kit/native-library";

/** The name of the platform. */
export const PLATFORM_NAME = "onnx";

/** An execution provider of ONNX Runtime: its name, such as `XNNPACK`, alone or with its options. */
export type ExecutionProvider =
  | string
  | { readonly name: string; readonly options?: Readonly<Record<string, string>> };

/**
 * Options for loading and running ONNX models.
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
   * The place where runs execute. Default `auto`: on the event loop only while runs of a shape are measured to take
   * less than 0.25 ms. Otherwise on a thread of libuv's pool, like the first run of each shape and all runs of a model
   * with loops.
   */
  readonly execution?: Execution | undefined;
  /** Threads that one run may use. Default 1: several calls use the cores better than one call on several threads. */
  readonly threads?: number | undefined;
  /**
   * Maximum number of concurrent runs of one version. Default 3 (libuv's pool less one), but at most the number of
   * cores plus one: the extra run proceeds while the event loop handles the answer of another.
   */
  readonly concurrency?: number | undefined;
  /** Level of ONNX Runtime's graph optimization. Default `all`. */
  readonly optimization?: "none" | "basic" | "extended" | "all" | undefined;
  /**
   * True if memory of runs is kept for later runs. Default true. False frees it after each run, which takes up to 4 %
   * longer, but then the largest batch does not determine how much memory the model holds.
   */
  readonly arena?: boolean | undefined;
  /** Execution providers in order of preference; the CPU is always the last. Default none. */
  readonly providers?: readonly ExecutionProvider[] | undefined;
  /** Paths of libraries with custom operators, such as onnxruntime-extensions. Default none. */
  readonly customOpLibraries?: readonly string[] | undefined;
  /**
   * True if dimension 0 of every input and output is the batch. Default: true if the file leaves that dimension open
   * everywhere and loading finds that rows are independent.
   */
  readonly batchable?: boolean | undefined;
  /**
   * If true, runs the model on zeros at the end of loading, if the file fixes all extents except the batch. Default
   * true.
   */
  readonly warmup?: boolean | undefined;
  /** Loads and warms up every version in a child process first. Default: off. */
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

/** Checks options. @throws TypeError with the option's name, what was expected and what was received. */
export const checkOptions = (options: OnnxOptions): void => checkOptionsOf("onnx", CHECKS, options);

function isProvider(value: unknown): boolean {
  if (isText(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  const { name, options = {}, ...others } = value as Record<string, unknown>;
  const isRecord = typeof options === "object" && options !== null;
  const areTexts = isRecord && Object.values(options).every((one) => typeof one === "string");
  return isText(name) && areTexts && Object.keys(others).length === 0;
}
