import { checkOptionsOf, type OptionChecks, optionCheck } from "@serving-kit/inference";
import {
  type CanaryOptions,
  EXECUTIONS,
  type Execution,
  isCanaryOptions,
} from "@serving-kit/native-library";

/**
 * How `.tflite` models are loaded and run.
 *
 * @example
 * ```ts
 * const options: TfliteOptions = { threads: 2, dequantize: true };
 * ```
 */
export interface TfliteOptions {
  /**
   * Threads that one run may use, in XNNPACK and in TensorFlow Lite's own kernels. Default 1: several
   * calls at once use the cores better than one call on several threads.
   */
  readonly threads?: number | undefined;
  /**
   * Where runs happen. Default `auto`: on the event loop only while runs of a shape are measured to
   * take less than 0.25 ms, otherwise on a thread of libuv's pool, as is the first of each shape, and
   * every run of a model with loops, whose time depends on the data.
   */
  readonly execution?: Execution | undefined;
  /**
   * How many calls of one version can run at the same time, each on an interpreter of its own that
   * is made when it is first needed. Default 3 (libuv's pool less one), and not more than the cores.
   */
  readonly interpreters?: number | undefined;
  /**
   * Whether XNNPACK runs what it can. Default: where the library has it and it can take the graph (it
   * cannot where the size of a tensor is known only during the run). True makes its absence an error.
   */
  readonly useXnnpack?: boolean | undefined;
  /**
   * Whether quantized inputs and outputs are float32 at the border. Default false: they are the
   * model's own integers, and the signature carries scale and zero point.
   */
  readonly dequantize?: boolean | undefined;
  /**
   * Whether loading ends with a run of each signature on zeros, so that the first call is not a slow one.
   * Signatures with an unknown extent other than the batch are not run. A failure is logged as a
   * warning; a run of more than 60 s is aborted. Default true.
   */
  readonly warmup?: boolean | undefined;
  /**
   * What calls find in the variables of a model that has any. `fresh`: their initial values. A model
   * with resource variables gets a new interpreter for each call. `keep`: the values that the calls before
   * left. Calls then run one after another on one interpreter, in one thread, without batching; another
   * input shape resets variable tensors, but not resource variables. Default `fresh`.
   */
  readonly state?: "fresh" | "keep" | undefined;
  /**
   * Whether a model loads that computes an index, size or divisor which neither the runtime nor the kit can
   * check before it is used. `refuse`: no, the error names operator and tensor. `allow`: yes; a client whose
   * input makes such a value wrong reads or writes the server's memory. Default `refuse`.
   */
  readonly uncheckedOps?: "refuse" | "allow" | undefined;
  /**
   * Maximum size of one tensor in bytes, at most 2^31 - 1. A call is refused if it makes a larger one, where
   * the size is known before the run. Default 1 GiB.
   */
  readonly maxTensorBytes?: number | undefined;
  /**
   * Whether inputs may have other extents than those that the file fixes; the rank stays. TensorFlow Lite resizes
   * the model, as in TF Serving, and the model may still refuse them. FULLY_CONNECTED ignores values that fill no
   * row. Default false; the command sets it.
   */
  readonly resizeFixed?: boolean | undefined;
  /**
   * Batching of a model whose inputs and outputs have a fixed batch of 1. `fixed`: none. `resize`: the model is
   * resized to the batch, if its rows are independent. Loading tries that on random inputs: each row alone, and
   * in batches of different orders and neighbours. The result is logged. Default `fixed`.
   */
  readonly batch?: "fixed" | "resize" | undefined;
  /** Path of the TensorFlow Lite C library. Default: see `libraryReport`. */
  readonly library?: string | undefined;
  /**
   * Loads and warms every version in a child process first. A file that makes TensorFlow Lite crash
   * or hang is then a failed version, and the server lives. Costs a process start for each version.
   * Default: off.
   */
  readonly canary?: CanaryOptions | undefined;
}

const { boolean, count, oneOf, path } = optionCheck;

const CHECKS: OptionChecks<TfliteOptions> = {
  threads: count,
  interpreters: count,
  execution: oneOf(EXECUTIONS),
  useXnnpack: boolean,
  dequantize: boolean,
  warmup: boolean,
  state: oneOf(["fresh", "keep"]),
  uncheckedOps: oneOf(["refuse", "allow"]),
  maxTensorBytes: {
    expected: "an integer from 1 to 2147483647",
    fits: (value) => count.fits(value) && (value as number) < 2 ** 31,
  },
  resizeFixed: boolean,
  batch: oneOf(["fixed", "resize"]),
  library: path,
  canary: { expected: "{ timeoutMs?: a number > 0 }", fits: isCanaryOptions },
};

/** Checks options. @throws TypeError that names the option, what was expected and what was given. */
export const checkOptions = (options: TfliteOptions): void =>
  checkOptionsOf("tflite", CHECKS, options);
