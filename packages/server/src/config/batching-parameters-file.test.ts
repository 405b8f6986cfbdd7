import { parseBatchingParameters } from "@serving-kit/batching";
import { describe, expect, it } from "vitest";
import {
  parseBatchingParametersFile,
  readBatchingParametersFile,
} from "./batching-parameters-file.js";

describe("parseBatchingParametersFile", () => {
  const text = `# comment
    max_batch_size { value: 128 }
    batch_timeout_micros: { value: 1500 }
    max_enqueued_batches <value: 20>
    num_batch_threads { value: 8 };
    thread_pool_name { value: "pool" }
    allowed_batch_sizes: 8
    allowed_batch_sizes: 32
    pad_variable_length_inputs: true
    enable_large_batch_splitting { value: true }
    max_execution_batch_size { value: 32 }`;
  const json = `
    {
      "max_batch_size": 128,
      "batch_timeout_micros": { "value": "1500" },
      "max_enqueued_batches": "20",
      "num_batch_threads": 8,
      "thread_pool_name": "pool",
      "allowed_batch_sizes": [8, 32],
      "pad_variable_length_inputs": true,
      "enable_large_batch_splitting": true,
      "max_execution_batch_size": 32
    }`;

  it.each([
    ["protobuf's text format", text],
    ["JSON", json],
  ])("reads every field in %s", (_, file) => {
    expect(parseBatchingParametersFile(file, "f")).toEqual(
      parseBatchingParameters({
        max_batch_size: 128,
        batch_timeout_micros: 1500,
        max_enqueued_batches: 20,
        num_batch_threads: 8,
        thread_pool_name: "pool",
        allowed_batch_sizes: [8, 32],
        pad_variable_length_inputs: true,
        enable_large_batch_splitting: true,
        max_execution_batch_size: 32,
      }),
    );
  });

  it("uses TF Serving's defaults for absent fields, and 0 for an empty wrapper", () => {
    const { options } = parseBatchingParametersFile("", "f");
    expect(options).toMatchObject({ maxBatchSize: 1000, maxEnqueuedBatches: 10 });
    expect(options).not.toHaveProperty("slots");
    const empty = parseBatchingParametersFile("max_enqueued_batches {}", "f");
    expect(empty.options.maxEnqueuedBatches).toBe(1);
  });

  it.each([
    [
      "max_batch_size { value: 4 } allowed_batch_sizes: [2, 8]",
      "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 8; expected 4",
    ],
    [
      '{ "max_batch_size": 4, "allowed_batch_sizes": [2, 8] }',
      "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 8; expected 4",
    ],
    ["num_batch_threads {}", "num_batch_threads must be positive; was 0"],
    ["max_batch_size: 5", "expected message value (line 1)"],
    [
      "\nbatch_size { value: 1 }",
      "Invalid protobuf file: 'batching.pbtxt': tensorflow.serving.BatchingParameters: unknown field 'batch_size' (line 2)",
    ],
    ['{ "batch_size": 1 }', 'BatchingParameters has no field "batch_size"; it has'],
    ['{ "__proto__": { "max_batch_size": 1 } }', 'BatchingParameters has no field "__proto__"'],
    ["max_batch_size { value: 'a' }", "integer value expected"],
    ["max_batch_size { value: 9223372036854775808 }", "integer value out of range (line 1)"],
    ['{ "max_batch_size": 18446744073709551616 }', "max_batch_size must be an integer"],
    ["batch_timeout_micros { value: -1 }", "batch_timeout_micros must be non-negative; was -1"],
    ['{ "max_batch_size": 1.5 }', 'max_batch_size must be an integer; got "1.5"'],
    ["{ max_batch_size", "line 1"],
  ])("refuses %j with the path", (file, message) => {
    expect(() => parseBatchingParametersFile(file, "batching.pbtxt")).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        reason: "CONFIG_FILE_INVALID",
        message: expect.stringContaining(message),
      }),
    );
    expect(() => parseBatchingParametersFile(file, "batching.pbtxt")).toThrow(
      /^(Invalid protobuf file: 'batching\.pbtxt'|batching\.pbtxt): /,
    );
  });

  it("logs a text that does not parse as TF Serving does", () => {
    const lines: string[] = [];
    const log = (_: object, line: string) => void lines.push(line);
    const logger = { info: log, warn: log, error: log };
    expect(() => parseBatchingParametersFile("\nbatch_size: 1", "f", logger)).toThrow();
    expect(lines).toEqual([
      "Error parsing text-format tensorflow.serving.BatchingParameters: " +
        "tensorflow.serving.BatchingParameters: unknown field 'batch_size' (line 2)",
    ]);
  });

  it("accepts integers beyond 2^53, in text and in JSON", () => {
    for (const text of [
      "max_batch_size { value: 9223372036854775807 }",
      '{"max_batch_size": 9223372036854775807}',
    ]) {
      expect(parseBatchingParametersFile(text, "f").options.maxBatchSize).toBe(2 ** 53 - 1);
    }
  });

  it("reports which file cannot be read", async () => {
    await expect(readBatchingParametersFile("/nowhere/batching.pbtxt")).rejects.toMatchObject({
      reason: "CONFIG_FILE_UNREADABLE",
      message: expect.stringMatching(
        /^batching parameters file: expected a readable file; got \/nowhere\/batching.pbtxt: ENOENT/,
      ),
    });
  });
});
