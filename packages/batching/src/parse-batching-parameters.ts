import { resolveBatchQueueOptions } from "./batch-queue-options.js";
import type { BatchingOptions } from "./batching-options.js";
import { queueOptions } from "./call-queue.js";
import { errors } from "./errors.js";

/** TF Serving's batching parameters as options of this package. */
export interface ParsedBatchingParameters {
  /** Options with TF Serving's timing and its error for a call that expires in the queue. */
  readonly options: BatchingOptions;
  /** Models with the same name share their slots. */
  readonly threadPoolName?: string;
}

/**
 * The fields of TF Serving's `BatchingParameters` by name, with their protobuf numbers, types and meaning. A `count`,
 * `text` or `flag` is wrapped (`Int64Value`, `StringValue`, `BoolValue`).
 */
export const batchingParameterFields = {
  max_batch_size: { id: 1, type: "count", doc: "Maximum number of rows in a batch. Default 1000." },
  batch_timeout_micros: {
    id: 2,
    type: "count",
    doc: "How long a batch waits for more rows, in microseconds. Default 0.",
  },
  max_enqueued_batches: {
    id: 3,
    type: "count",
    doc: "Maximum number of batches that wait. Default 10.",
  },
  num_batch_threads: {
    id: 4,
    type: "count",
    doc: "How many batches of this model run at a time. Default: it shares the server's slots.",
  },
  thread_pool_name: { id: 5, type: "text", doc: "Models with the same name share slots." },
  allowed_batch_sizes: {
    id: 6,
    type: "counts",
    doc: "The sizes that batches are padded to, increasing. Default none: no padding.",
  },
  pad_variable_length_inputs: {
    id: 7,
    type: "bare-flag",
    doc: "Whether inputs are padded to one shape. Default false.",
  },
  enable_large_batch_splitting: {
    id: 8,
    type: "flag",
    doc: "Whether a call with more rows than a batch is split. Default false.",
  },
  max_execution_batch_size: {
    id: 9,
    type: "count",
    doc: "Maximum number of rows in a batch if large calls are split. Default max_batch_size.",
  },
} as const satisfies Readonly<
  Record<string, { readonly id: number; readonly type: keyof typeof READERS; readonly doc: string }>
>;

const READERS = { count: integer, counts: integers, text, flag, "bare-flag": flag };

type Fields = typeof batchingParameterFields;
type Parameters = { [Name in keyof Fields]?: ReturnType<(typeof READERS)[Fields[Name]["type"]]> };

/**
 * Reads the fields of TF Serving's `BatchingParameters` message (`session_bundle_config.proto`), as a text proto or
 * JSON reader returns them: names in snake case, wrapped values directly or as `{ value }`, 64-bit integers as numbers,
 * bigints or decimal strings.
 *
 * The defaults are TF Serving's. As in TF Serving, a `max_enqueued_batches` of 0 counts as 1.
 *
 * @throws ServingError INVALID_ARGUMENT / BATCHING_OPTIONS_INVALID for an unknown field, a value of the wrong type, and
 * inconsistent values, with TF Serving's messages.
 */
export function parseBatchingParameters(message: unknown): ParsedBatchingParameters {
  const parameters = readFields(message);
  const { max_batch_size = 1000, allowed_batch_sizes = [], thread_pool_name } = parameters;
  const { enable_large_batch_splitting = false, num_batch_threads } = parameters;
  const { max_enqueued_batches = 10, batch_timeout_micros = 0 } = parameters;
  const { max_execution_batch_size = max_batch_size, pad_variable_length_inputs } = parameters;
  const maxExecutionBatchSize = enable_large_batch_splitting
    ? max_execution_batch_size
    : max_batch_size;
  checkAllowedBatchSizes(
    allowed_batch_sizes,
    max_batch_size,
    maxExecutionBatchSize,
    enable_large_batch_splitting,
  );
  checkCounts(max_enqueued_batches, num_batch_threads);
  const options: BatchingOptions = {
    timing: "batch-timeout",
    maxBatchSize: max_batch_size,
    batchTimeoutMs: batch_timeout_micros / 1000,
    maxEnqueuedBatches: Math.max(
      max_enqueued_batches === 0 ? 1 : max_enqueued_batches,
      enable_large_batch_splitting ? Math.ceil(max_batch_size / maxExecutionBatchSize) : 1,
    ),
    allowedBatchSizes: allowed_batch_sizes,
    enableLargeBatchSplitting: enable_large_batch_splitting,
    maxExecutionBatchSize,
    padVariableLengthInputs: pad_variable_length_inputs ?? false,
    expiredError: errors.runTimeoutExceeded,
    ...(num_batch_threads !== undefined && { slots: num_batch_threads }),
  };
  resolveBatchQueueOptions(queueOptions(options));
  return { options, ...(thread_pool_name !== undefined && { threadPoolName: thread_pool_name }) };
}

function checkCounts(maxEnqueuedBatches: number, numBatchThreads: number | undefined): void {
  if (maxEnqueuedBatches < 0) {
    throw errors.invalidOptions(
      `max_enqueued_batches must be non-negative; was ${maxEnqueuedBatches}`,
    );
  }
  if (numBatchThreads !== undefined && numBatchThreads < 1) {
    throw errors.invalidOptions(`num_batch_threads must be positive; was ${numBatchThreads}`);
  }
}

function readFields(message: unknown): Parameters {
  if (typeof message !== "object" || message === null || Array.isArray(message)) {
    throw errors.invalidOptions(`batching parameters must be an object of fields; got ${message}`);
  }
  const parameters: Record<string, unknown> = {};
  for (const [name, given] of Object.entries(message)) {
    if (!Object.hasOwn(batchingParameterFields, name)) {
      const known = Object.keys(batchingParameterFields).join(", ");
      throw errors.invalidOptions(`BatchingParameters has no field "${name}"; it has ${known}`);
    }
    const { type } = batchingParameterFields[name as keyof Fields];
    parameters[name] = READERS[type](name, unwrapped(given));
  }
  return parameters;
}

function checkAllowedBatchSizes(
  sizes: readonly number[],
  maxBatchSize: number,
  maxExecutionBatchSize: number,
  isSplitting: boolean,
): void {
  const last = sizes.at(-1);
  if (last === undefined) return;
  if (!isSplitting && last !== maxBatchSize) {
    throw errors.invalidOptions(
      `Last entry in allowed_batch_sizes must match max_batch_size; last entry was ${last}; expected ${maxBatchSize}`,
    );
  }
  if (last > maxBatchSize) {
    throw errors.invalidOptions(
      `Last entry in allowed_batch_sizes must be less than or equal to max_batch_size; last entry was ${last}; expected ${maxBatchSize}`,
    );
  }
  if (last !== maxExecutionBatchSize) {
    throw errors.invalidOptions(
      `Last entry in allowed_batch_sizes must be equal to max_execution_batch_size; last entry was ${last}; expected ${maxExecutionBatchSize}`,
    );
  }
}

function unwrapped(given: unknown): unknown {
  const isWrapper = typeof given === "object" && given !== null && !Array.isArray(given);
  return isWrapper && Object.hasOwn(given, "value") ? (given as { value: unknown }).value : given;
}

/** Reads an int64. A value beyond 2^53 becomes the largest safe integer, which no queue reaches either. */
function integer(name: string, given: unknown): number {
  const isText = typeof given === "string" && /^-?[0-9]{1,19}$/.test(given);
  const value = typeof given === "bigint" || isText ? Number(given) : given;
  if (typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= 2 ** 63) {
    const { MIN_SAFE_INTEGER, MAX_SAFE_INTEGER } = Number;
    return Math.min(Math.max(value, MIN_SAFE_INTEGER), MAX_SAFE_INTEGER);
  }
  throw errors.invalidOptions(`${name} must be an integer; got ${JSON.stringify(String(given))}`);
}

function integers(name: string, given: unknown): readonly number[] {
  return (Array.isArray(given) ? given : [given]).map((one) => integer(name, one));
}

function text(name: string, given: unknown): string {
  if (typeof given === "string") return given;
  throw errors.invalidOptions(`${name} must be a string; got ${typeof given}`);
}

function flag(name: string, given: unknown): boolean {
  if (typeof given === "boolean") return given;
  throw errors.invalidOptions(`${name} must be true or false; got ${typeof given}`);
}
