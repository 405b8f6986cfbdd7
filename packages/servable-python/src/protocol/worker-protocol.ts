import type { DType } from "@serving-kit/inference";

/**
 * The protocol between Node and one Python worker: frames over a socket pair, which is file descriptor 3 of the worker.
 * The files of `python/serving_kit_worker` implement this specification.
 *
 * A frame is, little-endian:
 *
 * | bytes | |
 * | --- | --- |
 * | 4 | `MAGIC` |
 * | 4 | bytes of the header, at most `MAX_HEADER_BYTES` |
 * | 4 | flags: 0; reserved for future transports, such as shared memory |
 * | 4 | the number of the call that the frame makes or answers, from 1; 0 if there is none |
 * | 8 | bytes of the body, at most `MAX_BODY_BYTES` |
 * | … | the header: one JSON object, UTF-8 |
 * | … | the body: parts, each at a multiple of `ALIGNMENT` |
 *
 * Headers of calls of the same shape are equal, so that the worker decodes them once.
 *
 * A part contains the elements of a tensor in row-major order, as in `TensorData`; for strings, a u32 with the length
 * of each, then their bytes. Both sides read tensors as views of the body, which they allocate aligned.
 *
 * Order of messages:
 * - Node writes `LoadTask`. The worker replies with `ready`, or replies with `failed` or `unfit` and exits.
 * - After `ready`, Node writes calls, at most `concurrency` at a time. The worker responds to each once, in any order.
 * - The worker may write `log` at any time.
 * - Node writes `close`. The worker finishes its calls, disposes the model and exits with 0.
 * - If either side closes the socket, the other side ends.
 *
 * Any deviation is a violation, after which Node kills the worker: a wrong magic, a size above its limit, a header that
 * is not JSON, a response to no call.
 */
export const MAGIC = 0x314b5350;

/** The bytes before the header. */
export const PREFIX_BYTES = 24;

export const MAX_HEADER_BYTES = 2 ** 24;
export const MAX_BODY_BYTES = 2 ** 31;
export const ALIGNMENT = 64;

/** The first message from Node. */
export interface LoadTask {
  /** Absolute path of the `.py` file. */
  readonly module: string;
  /** The class or function; null for the first of `Model` and `load_servable`. */
  readonly export: string | null;
  /** Absolute path of the version. */
  readonly path: string;
  /** The second argument of the function: facts of the configuration. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Absolute folders to import from, after the module's own. */
  readonly pythonPath: readonly string[];
  /** Paths that may be a requirements.txt. */
  readonly requirements: readonly string[];
  /** The number of threads that run calls. */
  readonly concurrency: number;
}

/** A call. The body of `respond` is the request's. */
export type CallHeader =
  | {
      readonly kind: "predict";
      readonly signature: string;
      readonly outputs?: readonly string[];
      readonly tensors: readonly TensorPart[];
    }
  | { readonly kind: "respond" };

/** The position of a tensor in the body. */
export type TensorPart = readonly [
  name: string,
  dtype: DType,
  shape: readonly number[],
  offset: number,
  bytes: number,
];

/** The model is loaded. */
export type ReadyMessage = { readonly kind: "ready"; readonly pid: number } & WorkerModel;

/** A worker's description of its model. */
export type WorkerModel =
  | { readonly takes: "bodies" }
  | {
      readonly takes: "tensors";
      readonly signatures: Readonly<Record<string, WorkerSignature>>;
      readonly batchable: boolean;
      readonly numpy: string;
    };

/** A signature as a worker reports it. */
export interface WorkerSignature {
  readonly inputs: Readonly<Record<string, WorkerSpec>>;
  readonly outputs: Readonly<Record<string, WorkerSpec>>;
}

/** A tensor of a signature. */
export interface WorkerSpec {
  readonly dtype: DType;
  readonly shape: readonly number[] | null;
}

/** The model could not be loaded (`failed`), or has no supported form (`unfit`). */
export interface LoadFailure {
  readonly kind: "failed" | "unfit";
  readonly text: string;
  /** The Python traceback, for the log. */
  readonly trace: string;
  /** The lines of the requirements that the interpreter does not satisfy. */
  readonly unmet: readonly string[];
}

/** The response to a call: tensors, the body as it is, or an error. */
export interface CallAnswer {
  readonly kind: "answer";
  readonly tensors?: readonly TensorPart[];
  /** The model raised an exception (`threw`), or returned an invalid output (`output`). */
  readonly error?: "threw" | "output";
  readonly text?: string;
  readonly trace?: string;
}

/** A record of Python's `logging`. */
export interface LogLine {
  readonly kind: "log";
  readonly level: "info" | "warn" | "error";
  readonly name: string;
  readonly text: string;
}
