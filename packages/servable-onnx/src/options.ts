import { EXECUTIONS, type Execution } from "@serving-kit/native-library";

/** An execution provider of ONNX Runtime: its name, such as `XNNPACK`, or with its own options. */
export type ExecutionProvider =
  | string
  | { readonly name: string; readonly options?: Readonly<Record<string, string>> };

/** Options of the canary, which tries a version in another process. */
export interface CanaryOptions {
  /** Timeout of the child process in ms. Default 60,000. */
  readonly timeoutMs?: number;
}

/** How ONNX models are loaded and run. */
export interface OnnxOptions {
  /** The file of a folder with several `.onnx` files. Default: `model.onnx`, or the only one. */
  readonly file?: string;
  /**
   * Where runs happen. Default `auto`: on the event loop only while runs of a shape are measured to take less than
   * 0.25 ms, otherwise on a thread of libuv's pool, as the first of each shape and all runs of a model with loops.
   */
  readonly execution?: Execution;
  /** Threads that one run may use. Default 1: several calls use the cores better than one call on several threads. */
  readonly threads?: number;
  /**
   * Maximum number of concurrent runs of one version. Default 3 (libuv's pool less one), and at most one more than the
   * cores: it runs while the event loop takes up another one's answer.
   */
  readonly concurrency?: number;
  /** How far ONNX Runtime optimises the graph. Default `all`. */
  readonly optimization?: "none" | "basic" | "extended" | "all";
  /**
   * Whether memory of runs is kept for later ones. Default true. False frees it after each run, which takes up to 4 %
   * longer; the largest batch then does not decide how much memory the model holds.
   */
  readonly arena?: boolean;
  /** Execution providers in the order of preference; the CPU comes last by itself. Default none. */
  readonly providers?: readonly ExecutionProvider[];
  /** Paths of libraries with custom operators, such as that of onnxruntime-extensions. Default none. */
  readonly customOpLibraries?: readonly string[];
  /**
   * Whether dimension 0 of every input and output is the batch. Default: if the file leaves it open everywhere and
   * loading finds that rows do not depend on one another.
   */
  readonly batchable?: boolean;
  /** Whether loading ends with a run on zeros, if the file fixes all extents but the batch. Default true. */
  readonly warmup?: boolean;
  /** Loads and warms every version in a child process first. Default: off. */
  readonly canary?: CanaryOptions;
  /** Path of the ONNX Runtime library. Default: see `libraryReport`. */
  readonly library?: string;
}

interface Check {
  readonly expected: string;
  fits(value: unknown): boolean;
}

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 1;
const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const oneOf = (values: readonly string[]): Check => ({
  expected: values.join(" or "),
  fits: (value) => values.includes(value as string),
});
const count: Check = { expected: "an integer >= 1", fits: isCount };
const boolean: Check = {
  expected: "true or false",
  fits: (value) => typeof value === "boolean",
};
const list = (expected: string, fits: (value: unknown) => boolean): Check => ({
  expected,
  fits: (value) => Array.isArray(value) && value.every(fits),
});

const CHECKS: { readonly [K in keyof OnnxOptions]-?: Check } = {
  file: {
    expected: "the name of a file in the folder",
    fits: (value) => isText(value) && !/[\\/\0]/.test(value),
  },
  execution: oneOf(EXECUTIONS),
  threads: count,
  concurrency: count,
  optimization: oneOf(["none", "basic", "extended", "all"]),
  arena: boolean,
  providers: list("an array of names, or of { name, options? } with strings", isProvider),
  customOpLibraries: list("an array of paths", isText),
  batchable: boolean,
  warmup: boolean,
  canary: { expected: "{ timeoutMs?: a number > 0 }", fits: isCanary },
  library: { expected: "a path", fits: isText },
};

/** @throws TypeError that names the option, what was expected and what was given. */
export function checkOptions(options: OnnxOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(CHECKS, name)) {
      const known = Object.keys(CHECKS).join(", ");
      throw new TypeError(`option ${name} of onnx is unknown; expected one of ${known}`);
    }
    const { expected, fits } = CHECKS[name as keyof OnnxOptions];
    if (value !== undefined && !fits(value)) {
      throw new TypeError(
        `option ${name} of onnx must be ${expected}; got ${JSON.stringify(value)}`,
      );
    }
  }
}

function isProvider(value: unknown): boolean {
  if (isText(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  const { name, options = {}, ...others } = value as Record<string, unknown>;
  const isRecord = typeof options === "object" && options !== null;
  const areTexts = isRecord && Object.values(options).every((one) => typeof one === "string");
  return isText(name) && areTexts && Object.keys(others).length === 0;
}

function isCanary(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { timeoutMs = 1, ...others } = value as Record<string, unknown>;
  return typeof timeoutMs === "number" && timeoutMs > 0 && Object.keys(others).length === 0;
}
