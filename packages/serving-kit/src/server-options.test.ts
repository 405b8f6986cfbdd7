import { join } from "node:path";
import { cacheFolder } from "@serving-kit/native-library";
import { describe, expect, it } from "vitest";
import type { PlatformSettings } from "./config-files/platform-config-file.js";
import { parseFlags } from "./flags.js";
import { serverFlags } from "./server-flags.js";
import { serverOptionsOf } from "./server-options.js";

const flagsOf = (args: string[]) => parseFlags(serverFlags, args).flags;
const noFiles = {
  batching: undefined,
  platform: undefined,
  metrics: undefined,
};

const platform: PlatformSettings = {
  session: { sessionConfig: Uint8Array.of(16, 3) },
  tags: ["a"],
  batching: undefined,
  perModelBatchingParameters: false,
  warmup: false,
  warmupIterations: 0,
  mixedPrecision: "",
  preferTflite: true,
  tflitePools: 2,
  tfliteInterpretersPerPool: 2,
  ignored: [],
};

describe("serverOptionsOf", () => {
  const models = [{ name: "m", basePath: "/m" }];
  const options = (args: string[], files: object = {}) =>
    serverOptionsOf(flagsOf(args), { ...noFiles, models, ...files });

  it("returns TF Serving's defaults, and its own start-up policy", () => {
    expect(options([])).toEqual({
      models,
      startUpPolicy: "any",
      startUpTimeoutMs: Number.POSITIVE_INFINITY,
      modelControl: "reload",
      allowVersionLabelsForUnavailableModels: false,
      servableVersionsAlwaysPresent: false,
      stateDir: join(cacheFolder(), "crashes"),
      signatureMethodNameCheck: false,
      serializeAsTensorContent: false,
      manager: {
        ...{ loadTimeoutMs: 600_000, unloadTimeoutMs: 60_000 },
        ...{ maxLoadRetries: 5, loadRetryDelayMs: 60_000 },
      },
      limits: {
        ...{ requestMemoryBytes: undefined, connections: undefined, allowedHosts: [] },
        ...{ stalledAnswerTimeoutMs: 60_000, idleStreamTimeoutMs: 300_000 },
      },
      rest: { cors: false, timeoutMs: 30_000, maxBodyBytes: 104_857_600 },
    });
  });

  it.each([
    [["--state_dir=/state"], { stateDir: "/state" }],
    [["--servable_versions_always_present"], { servableVersionsAlwaysPresent: true }],
    [["--start_up_policy=all", "--start_up_timeout_in_ms=5"], { startUpTimeoutMs: 5 }],
    [["--file_system_poll_wait_seconds=3"], { pollIntervalMs: 3000, watch: true }],
    [["--file_system_poll_wait_seconds=0"], { pollIntervalMs: 0, watch: false }],
    [
      ["--allow_version_labels_for_unavailable_models"],
      { allowVersionLabelsForUnavailableModels: true },
    ],
    [["--enable_signature_method_name_check"], { signatureMethodNameCheck: true }],
    [["--http_threads=2"], { threads: { count: 2, platforms: expect.any(URL) } }],
    [
      ["--load_timeout_in_ms=0", "--unload_timeout_in_ms=5"],
      { manager: { loadTimeoutMs: Number.POSITIVE_INFINITY, unloadTimeoutMs: 5 } },
    ],
    [
      ["--max_request_memory=9", "--max_connections=2", "--allowed_hosts=a, b"],
      { limits: { requestMemoryBytes: 9, connections: 2, allowedHosts: ["a", "b"] } },
    ],
    [["--num_load_threads=4"], { manager: { loadConcurrency: 4 } }],
    [["--max_model_memory=9"], { manager: { resourceLimits: { ramBytes: 9 } } }],
    [["--num_load_threads=0"], { manager: { loadConcurrency: 1 } }],
    [["--num_unload_threads=3"], { manager: { unloadConcurrency: 3 } }],
    [["--max_num_load_retries=0"], { manager: { maxLoadRetries: 0 } }],
    [["--load_retry_interval_micros=1500"], { manager: { loadRetryDelayMs: 1.5 } }],
    [["--load_retry_interval_micros=-1"], { manager: { loadRetryDelayMs: 0 } }],
    [
      ["--load_retry_interval_micros=9223372036854775807"],
      { manager: { loadRetryDelayMs: 2 ** 63 / 1000 } },
    ],
    [["--rest_api_enable_cors_support"], { rest: { cors: true } }],
    [["--rest_api_max_body_bytes=9"], { rest: { maxBodyBytes: 9 } }],
    [["--rest_api_timeout_in_ms=50"], { rest: { timeoutMs: 50 } }],
    [["--rest_api_timeout_in_ms=0"], { rest: { timeoutMs: Number.POSITIVE_INFINITY } }],
    [["--enable_batching"], { batching: true, perModelBatchingParameters: false }],
    [["--enable_batching=false"], { batching: false }],
    [
      ["--enable_batching", "--enable_per_model_batching_parameters"],
      { perModelBatchingParameters: true },
    ],
    [
      ["--request_log_file=r.jsonl", "--request_log_sampling_rate=0.5"],
      { requestLog: { samplingRate: 0.5 } },
    ],
  ])("maps %j", (args, expected) => {
    expect(options(args)).toMatchObject(expected);
  });

  it("uses the values of the files", () => {
    const batching = { maxBatchSize: 8 };
    const files = { batching, metrics: { path: "/metrics" } };
    expect(options(["--enable_batching"], files)).toMatchObject(files);
    expect(options([], { batching })).not.toHaveProperty("batching");
  });

  it("batches as the platform config file says, and not as --enable_batching does", () => {
    const batching = { maxBatchSize: 8 };
    const own = { ...platform, batching, perModelBatchingParameters: true };
    expect(options([], { platform: own })).toMatchObject({
      batching,
      perModelBatchingParameters: true,
    });
    expect(options(["--enable_batching"], { platform })).not.toHaveProperty("batching");
  });
});

describe("what clients may do to the models", () => {
  const options = (...args: string[]) => serverOptionsOf(flagsOf(args), { ...noFiles, models: [] });

  it("is set by two flags", () => {
    expect(options("--model_control=none")).toMatchObject({ modelControl: "none" });
    expect(options("--model_roots=/a,/b/c,")).toMatchObject({ modelRoots: ["/a", "/b/c"] });
    expect(options("--model_roots=")).not.toHaveProperty("modelRoots");
    expect(() => options("--model_control=poll")).toThrow('expected reload or none; got "poll"');
  });
});
