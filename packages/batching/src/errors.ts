import { type Code, messageOf, ServingError, type ServingErrorOptions } from "@serving-kit/core";

/** Error factories of this package, one per reason. Errors that occur in large numbers have no stack. */
export const errors = {
  batchQueueFull: (size: number, capacity: number) =>
    tracelessServingError(
      "UNAVAILABLE",
      "BATCH_QUEUE_FULL",
      `The batch scheduling queue to which this task was submitted is full: the task has size ${size}, there is place for ${capacity}; try again later`,
      { details: { size, capacity } },
    ),

  taskTooLarge: (size: number, maxTaskSize: number) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "TASK_TOO_LARGE",
      `Task size ${size} is larger than maximum input batch size ${maxTaskSize}`,
      { details: { size, maxTaskSize } },
    ),

  batchQueueClosed: () =>
    tracelessServingError(
      "UNAVAILABLE",
      "BATCH_QUEUE_CLOSED",
      "the batch queue is closed and takes no task; the servable that it belongs to is being unloaded",
    ),

  taskDeadlineExceeded: () =>
    tracelessServingError(
      "DEADLINE_EXCEEDED",
      "TASK_DEADLINE_EXCEEDED",
      "the deadline of the task passed before its batch had a result",
    ),

  runTimeoutExceeded: () =>
    tracelessServingError(
      "RESOURCE_EXHAUSTED",
      "BATCH_QUEUE_TIMEOUT",
      "Run() timeout exceeded while waiting in batching queue",
    ),

  batchResultLength: (expected: number, received: unknown) =>
    new ServingError(
      "INTERNAL",
      "BATCH_RESULT_LENGTH",
      `the batch function must give an array with one result for each of the ${expected} tasks; got ${
        Array.isArray(received) ? `${received.length} results` : typeof received
      }`,
    ),

  notBatchable: (what: string) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "NOT_BATCHABLE",
      `${what} cannot be batched: dimension 0 of every input and output must be the batch; leave batching out for it, or set unbatchable to "pass-through"`,
    ),

  noInputs: () =>
    new ServingError(
      "INVALID_ARGUMENT",
      "BATCH_NO_INPUTS",
      "Batching Run() must have at least one input tensor",
    ),

  noBatchDimension: (name: string) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "BATCH_NO_DIMENSION",
      `Batching Run() input tensors must have at least one dimension; "${name}" is a scalar`,
      { details: { tensor: name } },
    ),

  unequalBatchSizes: (name: string, expected: number, received: number) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "BATCH_SIZES_UNEQUAL",
      `Batching Run() input tensors must have equal 0th-dimension size; expected ${expected}, "${name}" has ${received}`,
      { details: { tensor: name } },
    ),

  shapesDiffer: (name: string, first: readonly number[], other: readonly number[]) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "BATCH_SHAPES_DIFFER",
      `tensors "${name}" of the parts of one call have the shapes [${first}] and [${other}] and cannot be joined; set enable_large_batch_splitting to false for this model`,
      { details: { tensor: name } },
    ),

  batchedOutput: (name: string, shape: readonly number[] | undefined, expected: number) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "BATCH_OUTPUT_INVALID",
      shape?.length === 0
        ? `Batched output tensor has 0 dimensions: "${name}"`
        : `Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input tensors: "${name}" must have ${expected} rows; got ${
            shape === undefined ? "no such output" : `shape [${shape}]`
          }`,
      { details: { tensor: name } },
    ),

  batchFailed: (calls: number, cause: ServingError) =>
    new ServingError(
      cause.code,
      "BATCH_FAILED",
      `the batch of ${calls} calls that this call was in failed with ${cause.code} / ${cause.reason}; call again, or alone to learn more`,
      { cause, details: { calls } },
    ),

  batchUnsettled: (calls: number) =>
    tracelessServingError(
      "UNAVAILABLE",
      "BATCH_UNSETTLED",
      `the batch of ${calls} calls that this call was in failed, and so did too many of its parts to find out for which inputs; call again`,
      { details: { calls } },
    ),

  warmUpFailed: (signature: string, rows: number, code: Code, cause: unknown) =>
    new ServingError(
      code,
      "WARM_UP_FAILED",
      `warming up signature "${signature}" with a batch of ${rows} rows failed: ${messageOf(cause)}`,
      { cause, details: { signature, rows } },
    ),

  invalidOptions: (problem: string) =>
    new ServingError("INVALID_ARGUMENT", "BATCHING_OPTIONS_INVALID", problem),
};

/**
 * Makes a ServingError without a stack trace, for errors that are thrown by the thousand when a queue is full. The
 * trace would take four fifths of the time of a rejection and name nothing outside this package.
 */
function tracelessServingError(
  code: Code,
  reason: string,
  message: string,
  options?: ServingErrorOptions,
): ServingError {
  const { stackTraceLimit } = Error;
  // Reflect.set, because the property may be read-only: node --frozen-intrinsics.
  Reflect.set(Error, "stackTraceLimit", 0);
  try {
    return new ServingError(code, reason, message, options);
  } finally {
    Reflect.set(Error, "stackTraceLimit", stackTraceLimit);
  }
}
