import { tensor } from "@serving-kit/inference";
import { FakeClock, FakePredictor } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { batch } from "./batch.js";
import { parseBatchingParameters } from "./parse-batching-parameters.js";

describe("parseBatchingParameters", () => {
  it("has TF Serving's defaults", () => {
    expect(parseBatchingParameters({})).toEqual({
      options: {
        timing: "batch-timeout",
        maxBatchSize: 1000,
        batchTimeoutMs: 0,
        maxEnqueuedBatches: 10,
        allowedBatchSizes: [],
        enableLargeBatchSplitting: false,
        maxExecutionBatchSize: 1000,
        padVariableLengthInputs: false,
        expiredError: expect.any(Function),
      },
    });
  });

  it("reads every field, wrapped or not, of any kind of integer", () => {
    const parsed = parseBatchingParameters({
      max_batch_size: { value: "128" },
      batch_timeout_micros: { value: 1500n },
      max_enqueued_batches: 20,
      num_batch_threads: { value: 8 },
      thread_pool_name: { value: "pool" },
      allowed_batch_sizes: ["8", 32],
      pad_variable_length_inputs: true,
      enable_large_batch_splitting: { value: true },
      max_execution_batch_size: { value: 32 },
    });
    expect(parsed.threadPoolName).toBe("pool");
    expect(parsed.options).toMatchObject({
      maxBatchSize: 128,
      batchTimeoutMs: 1.5,
      maxEnqueuedBatches: 20,
      slots: 8,
      allowedBatchSizes: [8, 32],
      padVariableLengthInputs: true,
      enableLargeBatchSplitting: true,
      maxExecutionBatchSize: 32,
    });
  });

  it("treats a max_enqueued_batches of zero as one", () => {
    expect(parseBatchingParameters({ max_enqueued_batches: 0 }).options.maxEnqueuedBatches).toBe(1);
  });

  it.each([
    [
      { max_batch_size: 4, allowed_batch_sizes: [2, 8] },
      "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 8; expected 4",
    ],
    [
      {
        max_batch_size: 8,
        enable_large_batch_splitting: true,
        max_execution_batch_size: 4,
        allowed_batch_sizes: [2, 16],
      },
      "Last entry in allowed_batch_sizes must be less than or equal to max_batch_size; last entry was 16; expected 8",
    ],
    [
      {
        max_batch_size: 8,
        enable_large_batch_splitting: true,
        max_execution_batch_size: 4,
        allowed_batch_sizes: [2, 8],
      },
      "Last entry in allowed_batch_sizes must be equal to max_execution_batch_size; last entry was 8; expected 4",
    ],
    [{ max_enqueued_batches: -1 }, "max_enqueued_batches must be non-negative; was -1"],
    [{ num_batch_threads: 0 }, "num_batch_threads must be positive; was 0"],
    [{ max_batch_size: 0 }, "max_batch_size must be positive; was 0"],
    [{ max_batch_size: "-9223372036854775808" }, "max_batch_size must be positive; was -"],
    [{ batch_timeout_micros: -1 }, "batch_timeout_micros must be non-negative; was -1"],
    [
      { max_batch_size: 8, allowed_batch_sizes: [4, 4, 8] },
      "allowed_batch_sizes entries must be monotonically increasing",
    ],
    [
      { max_batch_size: 8, enable_large_batch_splitting: true, max_execution_batch_size: 0 },
      "max_execution_batch_size must be positive; was 0",
    ],
    [
      { max_batch_size: 8, enable_large_batch_splitting: true, max_execution_batch_size: 16 },
      "max_batch_size must be greater than or equal to max_execution_batch_size; got 8 and 16",
    ],
    [{ max_batch_size: 1.5 }, 'max_batch_size must be an integer; got "1.5"'],
    [{ max_batch_size: { value: "9".repeat(30) } }, "max_batch_size must be an integer"],
    [{ thread_pool_name: 5 }, "thread_pool_name must be a string; got number"],
    [
      { pad_variable_length_inputs: "yes" },
      "pad_variable_length_inputs must be true or false; got string",
    ],
    [{ batch_size: 5 }, 'BatchingParameters has no field "batch_size"'],
    [JSON.parse('{"__proto__": 5}'), 'BatchingParameters has no field "__proto__"'],
    [[], "batching parameters must be an object of fields"],
    [null, "batching parameters must be an object of fields; got null"],
  ])("refuses %j", (message, problem) => {
    expect(() => parseBatchingParameters(message)).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        reason: "BATCHING_OPTIONS_INVALID",
        message: expect.stringContaining(problem),
      }),
    );
  });

  it.each([9223372036854775807n, "9223372036854775807", 2 ** 60, 9007199254740993n])(
    "takes an integer beyond 2^53: %s",
    async (value) => {
      const clock = new FakeClock();
      const message = { max_batch_size: { value }, batch_timeout_micros: value };
      const { options } = parseBatchingParameters(message);
      expect(options.maxBatchSize).toBe(Number.MAX_SAFE_INTEGER);
      const batched = batch(new FakePredictor(), { ...options, clock });
      const call = batched.predict({ x: tensor("float32", [1], [1]) });
      await clock.advance(1_000);
      expect(batched.stats()[0]?.numEnqueuedTasks).toBe(1);
      const disposed = batched[Symbol.asyncDispose]();
      await clock.advance();
      await disposed;
      expect((await call).y?.data).toEqual(Float32Array.of(2.5));
    },
  );

  it("a call that expires in the queue has TF Serving's error", async () => {
    const clock = new FakeClock();
    const { options } = parseBatchingParameters({ batch_timeout_micros: 10_000 });
    const batched = batch(new FakePredictor(), { ...options, clock });
    const call = batched.predict({ x: tensor("float32", [1], [1]) }, { deadlineAtMs: 5 });
    const outcome = expect(call).rejects.toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      message: "Run() timeout exceeded while waiting in batching queue",
    });
    await clock.advance(5);
    await outcome;
  });
});
