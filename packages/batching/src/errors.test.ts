import { describe, expect, it } from "vitest";
import { errors } from "./errors.js";

describe("errors", () => {
  it.each([
    [
      errors.batchQueueFull(3, 2),
      "UNAVAILABLE",
      "BATCH_QUEUE_FULL",
      "The batch scheduling queue to which this task was submitted is full: the task has size 3, there is place for 2; try again later",
    ],
    [
      errors.taskTooLarge(5, 4),
      "INVALID_ARGUMENT",
      "TASK_TOO_LARGE",
      "Task size 5 is larger than maximum input batch size 4",
    ],
    [
      errors.batchQueueClosed(),
      "UNAVAILABLE",
      "BATCH_QUEUE_CLOSED",
      "the batch queue is closed and takes no task; the servable that it belongs to is being unloaded",
    ],
    [
      errors.taskDeadlineExceeded(),
      "DEADLINE_EXCEEDED",
      "TASK_DEADLINE_EXCEEDED",
      "the deadline of the task passed before its batch had a result",
    ],
    [
      errors.runTimeoutExceeded(),
      "RESOURCE_EXHAUSTED",
      "BATCH_QUEUE_TIMEOUT",
      "Run() timeout exceeded while waiting in batching queue",
    ],
    [
      errors.batchResultLength(2, [1]),
      "INTERNAL",
      "BATCH_RESULT_LENGTH",
      "the batch function must give an array with one result for each of the 2 tasks; got 1 results",
    ],
    [
      errors.notBatchable("the predictor"),
      "FAILED_PRECONDITION",
      "NOT_BATCHABLE",
      'the predictor cannot be batched: dimension 0 of every input and output must be the batch; leave batching out for it, or set unbatchable to "pass-through"',
    ],
    [
      errors.noInputs(),
      "INVALID_ARGUMENT",
      "BATCH_NO_INPUTS",
      "Batching Run() must have at least one input tensor",
    ],
    [
      errors.noBatchDimension("x"),
      "INVALID_ARGUMENT",
      "BATCH_NO_DIMENSION",
      'Batching Run() input tensors must have at least one dimension; "x" is a scalar',
    ],
    [
      errors.unequalBatchSizes("x", 1, 2),
      "INVALID_ARGUMENT",
      "BATCH_SIZES_UNEQUAL",
      'Batching Run() input tensors must have equal 0th-dimension size; expected 1, "x" has 2',
    ],
    [
      errors.shapesDiffer("x", [1, 2], [1, 3]),
      "FAILED_PRECONDITION",
      "BATCH_SHAPES_DIFFER",
      'tensors "x" of the parts of one call have the shapes [1,2] and [1,3] and cannot be joined; set enable_large_batch_splitting to false for this model',
    ],
    [
      errors.batchedOutput("y", [], 2),
      "FAILED_PRECONDITION",
      "BATCH_OUTPUT_INVALID",
      'Batched output tensor has 0 dimensions: "y"',
    ],
    [
      errors.batchedOutput("y", [3], 2),
      "FAILED_PRECONDITION",
      "BATCH_OUTPUT_INVALID",
      'Batched output tensor\'s 0th dimension does not equal the sum of the 0th dimension sizes of the input tensors: "y" must have 2 rows; got shape [3]',
    ],
    [
      errors.warmUpFailed("serving_default", 8, "INTERNAL", new Error("no memory")),
      "INTERNAL",
      "WARM_UP_FAILED",
      'warming up signature "serving_default" with a batch of 8 rows failed: no memory',
    ],
    [errors.invalidOptions("no"), "INVALID_ARGUMENT", "BATCHING_OPTIONS_INVALID", "no"],
  ])("%s", (error, code, reason, message) => {
    expect(error).toMatchObject({ code, reason, message });
  });

  it("have no stack trace if they are frequent", () => {
    const { stackTraceLimit } = Error;
    expect(errors.batchQueueFull(3, 2).stack).not.toContain("\n");
    expect(Error.stackTraceLimit).toBe(stackTraceLimit);
    expect(errors.taskTooLarge(5, 4).stack).toContain("errors.test.ts");
  });
});
