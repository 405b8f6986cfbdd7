import { checkOptionsOf, type OptionChecks, optionCheck } from "@serving-kit/inference";
import {
  type CanaryOptions,
  EXECUTIONS,
  type Execution,
  isCanaryOptions,
} from "@serving-kit/native-library";

/**
 * Options for loading and running `.tflite` models.
 *
 * @example
 * ```ts
 * const options: TfliteOptions = { threads: 2, dequantize: true };
 * ```
 */
export interface TfliteOptions {
  /**
   * Threads that one run may use, in XNNPACK and in TensorFlow Lite's own kernels. Default 1: several concurrent calls
   * use the cores better than one call on several threads.
   */
  readonly threads?: number | undefined;
  /**
   * The place where runs execute. Default `auto`: on the event loop only while runs of a shape are measured to take
   * less than 0.25 ms. Otherwise on a thread of libuv's pool, like the first run of each shape, and every run of a
   * model with loops, whose run time depends on the data.
   */
  readonly execution?: Execution | undefined;
  /**
   * Maximum number of concurrent calls of one version, each on its own interpreter, which is created on demand. Default
   * 3 (libuv's pool less one), but not more than the number of cores.
   */
  readonly interpreters?: number | undefined;
  /**
   * True if XNNPACK runs the operators that it supports. Default: if the library has it and it accepts the graph (it
   * does not if the size of a tensor is known only during the run). True makes its absence an error.
   */
  readonly useXnnpack?: boolean | undefined;
  /**
   * True if quantized inputs and outputs are exposed as float32. Default false: they are the model's own integers, and
   * the signature has scale and zero point.
   */
  readonly dequantize?: boolean | undefined;
  /**
   * If true, runs each signature on zeros at the end of loading, so that the first call is not slow. Signatures with
   * an unknown extent other than the batch are skipped. A failure is logged as a warning; a run of more than 60 s is
   * aborted. Default true.
   */
  readonly warmup?: boolean | undefined;
  /**
   * The values that calls see in the variables of a model that has some. `fresh`: their initial values. A model with
   * resource variables then gets a new interpreter for each call. `keep`: the values that earlier calls left. Calls
   * then run sequentially on one interpreter, in one thread, without batching; another input shape resets variable
   * tensors, but not resource variables. Default `fresh`.
   */
  readonly state?: "fresh" | "keep" | undefined;
  /**
   * The handling of a model that computes an index, size or divisor which neither the runtime nor the kit can check
   * before use. `refuse`: reject the model; the error names operator and tensor. `allow`: load it; a client whose input
   * makes such a value wrong then reads or writes the server's memory. Default `refuse`.
   */
  readonly uncheckedOps?: "refuse" | "allow" | undefined;
  /**
   * Maximum size of one tensor in bytes, at most 2^31 - 1. A call that makes a larger tensor is rejected, if the size
   * is known before the run. Default 1 GiB.
   */
  readonly maxTensorBytes?: number | undefined;
  /**
   * True if inputs may have extents that differ from the file's fixed ones; the rank stays. TensorFlow Lite resizes the
   * model, as in TF Serving, and the model may still reject them. FULLY_CONNECTED ignores values that fill no row.
   * Default false; the command sets it.
   */
  readonly resizeFixed?: boolean | undefined;
  /**
   * Batching of a model whose inputs and outputs have a fixed batch of 1. `fixed`: none. `resize`: the model is resized
   * to the batch, if its rows are independent. Loading probes that on random inputs: each row alone, and in batches
   * with different orders and neighbors. The result is logged. Default `fixed`.
   */
  readonly batch?: "fixed" | "resize" | undefined;
  /** Path of the TensorFlow Lite C library. Default: see `libraryReport`. */
  readonly library?: string | undefined;
  /**
   * Loads and warms up every version in a child process first. If a file makes TensorFlow Lite crash or hang, the
   * version fails and the server survives. Costs a process start for each version. Default: off.
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

/** Checks options. @throws TypeError with the option's name, what was expected and what was received. */
export const checkOptions = (options: TfliteOptions): void =>
  checkOptionsOf("tflite", CHECKS, options);
