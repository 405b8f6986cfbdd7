import { ServingError } from "@serving-kit/core";

/** The errors of this package, one factory for each reason. */
export const errors = {
  batchQueueFull: (size: number, capacity: number) =>
    new ServingError(
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
    new ServingError(
      "UNAVAILABLE",
      "BATCH_QUEUE_CLOSED",
      "the batch queue is closed and takes no task; the servable that it belongs to is being unloaded",
    ),

  taskDeadlineExceeded: () =>
    new ServingError(
      "DEADLINE_EXCEEDED",
      "TASK_DEADLINE_EXCEEDED",
      "the deadline of the task passed before its batch had a result",
    ),

  runTimeoutExceeded: () =>
    new ServingError(
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

  invalidOptions: (problem: string) =>
    new ServingError("INVALID_ARGUMENT", "BATCHING_OPTIONS_INVALID", problem),
};
