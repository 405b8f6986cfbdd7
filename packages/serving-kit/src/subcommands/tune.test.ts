import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TuneOptions, TuneResult } from "@serving-kit/batching";
import { definePlatform } from "@serving-kit/inference";
import { FakePredictor } from "@serving-kit/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tune } from "./tune.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const result = (maxBatchSize: number, callsPerSecond: number, done: number): TuneResult => ({
  configuration: { maxBatchSize, batchTimeoutMs: 0.5, slots: 2, timing: "batch-timeout" },
  ...{ callsPerSecond, p50Ms: 1.234, p99Ms: 5, meanBatchSize: 7.96, failed: 0, done, total: 2 },
});

/** Runs it on a model that is a fake, with an engine that measures nothing. */
async function run(args: string[], results = [result(1, 1000, 1), result(8, 2500, 2)]) {
  const predictor = new FakePredictor();
  const calls: TuneOptions[] = [];
  const platform = definePlatform({
    name: "fake",
    accepts: async () => true,
    load: async () => predictor,
  });
  const command = tune({
    platforms: [{ name: "fake", load: async () => platform() }],
    async *tune(_predictor, options) {
      calls.push(options);
      yield* results;
    },
  });
  const output = { stdout: "", stderr: "" };
  const code = await command.run(args, {
    signal: new AbortController().signal,
    stdout: { write: (text) => (output.stdout += text) },
    stderr: { write: (text) => (output.stderr += text) },
  });
  return { code, predictor, options: calls[0] as TuneOptions, ...output };
}

describe("serving-kit tune", () => {
  it("prints the table, the best configuration in both forms, and progress on stderr", async () => {
    const { code, stdout, stderr, predictor } = await run([`--model=${folder}`]);
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        "max_batch_size  batch_timeout_ms  slots  calls/s  p50 ms  p99 ms  mean batch",
        "             1               0.5      2    1,000    1.23    5.00         8.0",
        "             8               0.5      2    2,500    1.23    5.00         8.0  <- best",
        "",
        "Throughput: 2.5 times the throughput without batching.",
        "",
        "As TF Serving's batching parameters:",
        "",
        "max_batch_size { value: 8 }",
        "batch_timeout_micros { value: 500 }",
        "num_batch_threads { value: 2 }",
        "",
        "In TypeScript:",
        "",
        'batching({ maxBatchSize: 8, batchTimeoutMs: 0.5, slots: 2, timing: "batch-timeout" })',
        "",
      ].join("\n"),
    );
    expect(stderr).toContain("measured 2 of 2 configurations 100 %\n");
    expect(predictor.isDisposed).toBe(true);
  });

  it.each<[string[], Partial<TuneOptions>]>([
    [[], { callers: 64, measureMs: 1000, maxBatchSizes: [1, 8, 32, 128], slots: [1, 2, 4] }],
    [["--callers=3", "--measure_ms=50"], { callers: 3, measureMs: 50 }],
    [["--max_batch_sizes=2,4", "--slots=3"], { maxBatchSizes: [2, 4], slots: [3] }],
    [["--batch_timeouts_ms=0.5"], { batchTimeoutsMs: [0.5] }],
  ])("passes on what %j asks for", async (args, options) => {
    expect((await run([`--model=${folder}`, ...args])).options).toMatchObject(options);
  });

  it("calls with zeros of the requested number of rows, or with the inputs of a file", async () => {
    const zeros = await run([`--model=${folder}`, "--rows=3"]);
    expect(zeros.options.inputs.x?.shape[0]).toBe(3);
    const file = join(folder, "body.json");
    await writeFile(file, JSON.stringify({ instances: [1, 3] }));
    const { options } = await run([`--model=${folder}`, `--inputs=${file}`]);
    expect([...(options.inputs.x?.data ?? [])]).toEqual([1, 3]);
  });

  it("has a row for the default timing, and reports how to get it if it is the best", async () => {
    const byDefault: TuneResult = {
      ...result(1000, 4000, 1),
      configuration: { maxBatchSize: 1000, batchTimeoutMs: 0, slots: 2, timing: "idle-first" },
    };
    const { stdout } = await run([`--model=${folder}`], [byDefault, result(8, 2500, 2)]);
    expect(stdout).toContain(
      "          1000        idle-first      2    4,000    1.23    5.00         8.0  <- best",
    );
    expect(stdout).toContain("--enable_batching without --batching_parameters_file");
    expect(stdout).not.toContain("max_batch_size {");
  });

  it("ends with 1 and reports it when nothing will do", async () => {
    const { code, stdout } = await run([`--model=${folder}`, "--max_p99_ms=4"]);
    expect(code).toBe(1);
    expect(stdout).toContain("No configuration qualifies: calls failed, or p99 latency");
  });

  it("reports when batching is of no use", async () => {
    const results = [result(1, 3000, 1), result(8, 2500, 2)];
    expect((await run([`--model=${folder}`], results)).stdout).toContain(
      "Batching does not make this model faster.",
    );
  });

  it.each([
    [[], "ARGUMENT_MISSING"],
    [["--model=/nowhere", "--callers=0"], "FLAG_INVALID"],
    [["--model=/nowhere", "--slots=1.5"], "FLAG_INVALID"],
    [["--model=/nowhere", "--signature_name=other"], "SIGNATURE_NOT_FOUND"],
    [["--model=/nowhere", "--inputs=/nowhere"], "ARGUMENT_INVALID"],
  ])("refuses %j with %s", async (args, reason) => {
    await expect(run(args)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", reason });
  });
});
