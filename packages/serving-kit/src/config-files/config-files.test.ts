import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { configProto, servingType } from "./config-types.js";
import { readPlatformConfigFile } from "./platform-config-file.js";
import { readSessionConfigFile } from "./session-config-file.js";

const folder = mkdtempSync(join(tmpdir(), "serving-kit-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (text: string) => {
  const file = join(folder, "file.config");
  writeFileSync(file, text);
  return file;
};

const plain = (bytes: Uint8Array) => configProto.toObject(configProto.decode(bytes));

describe("readSessionConfigFile", () => {
  it("encodes a ConfigProto as TensorFlow does", async () => {
    const { sessionConfig, interOpThreads } = await readSessionConfigFile(
      write(`
        intra_op_parallelism_threads: 7 inter_op_parallelism_threads: 4 allow_soft_placement: true
        device_count { key: "GPU" value: 0 }
        gpu_options < per_process_gpu_memory_fraction: 0.4, allow_growth: true, visible_device_list: "0,1" >
        session_inter_op_thread_pool { num_threads: 2 global_name: "pool" }
        operation_timeout_in_ms: 5000000000
        graph_options {
          optimizer_options { opt_level: L0 global_jit_level: ON_1 do_constant_folding: true }
          rewrite_options {
            constant_folding: OFF remapping: AGGRESSIVE memory_optimization: HEURISTICS
            meta_optimizer_iterations: ONE optimizers: ["a", "b"]
          }
        }
        experimental { disable_thread_spinning: true executor_type: "SINGLE_THREADED_EXECUTOR" }`),
    );
    // What Python's TensorFlow 2.21 makes of the same text.
    const expected =
      "0a070a034750551000100728043210099a9999999999d93f20012a03302c31380152231a0f100118fffffffffffff" +
      "fffff01280152101802200360017003a2060161a20601625880e497d012620808021204706f6f6c82011c1a185349" +
      "4e474c455f54485245414445445f4558454355544f524801";
    expect(plain(sessionConfig as Uint8Array)).toEqual(plain(Buffer.from(expected, "hex")));
    expect(sessionConfig).toHaveLength(expected.length / 2);
    expect(interOpThreads).toBe(4);
  });

  it.each([
    ["gpu_options { allow_grows: true }", "GPUOptions: unknown field 'allow_grows' (line 1)"],
    [
      "allow_growth: true",
      "tensorflow.ConfigProto: unknown field 'allow_growth' (line 1); allow_growth belongs in gpu_options { … }",
    ],
    ["\nintra_op_parallelism_threads: many\nplacement_period: 1", "(line 2)"],
  ])("refuses %j", async (text, message) => {
    await expect(readSessionConfigFile(write(text))).rejects.toMatchObject({
      reason: "CONFIG_FILE_INVALID",
      message: expect.stringContaining(message),
    });
  });

  it("reports which file cannot be read", async () => {
    await expect(readSessionConfigFile("/nowhere")).rejects.toMatchObject({
      reason: "CONFIG_FILE_UNREADABLE",
      message: expect.stringContaining("session config file: expected a readable file"),
    });
  });
});

const ADAPTER = "tensorflow.serving.SavedModelBundleSourceAdapterConfig";

const map = (config: string, key = "tensorflow") =>
  write(`platform_configs { key: "${key}" value { source_adapter_config { ${config} } } }`);

describe("readPlatformConfigFile", () => {
  it("parses any text or rejects it with a reason, and treats prototype names as keys", async () => {
    const words = ["platform_configs", "key", "value", "source_adapter_config", "__proto__", "1e9"];
    const signs = ["{", "}", ":", '"tensorflow"', '"__proto__"', `[t/${ADAPTER}]`, "legacy_config"];
    const tokens = fc.array(fc.constantFrom(...words, ...signs)).map((list) => list.join(" "));
    await fc.assert(
      fc.asyncProperty(fc.oneof(tokens, fc.string()), async (text) => {
        const error = await readPlatformConfigFile(write(text)).then(
          () => undefined,
          (thrown) => thrown,
        );
        if (error) expect(error).toMatchObject({ reason: "CONFIG_FILE_INVALID" });
      }),
    );
    await expect(readPlatformConfigFile(map("", "__proto__"))).rejects.toThrow(
      'expected platform_configs of key "tensorflow"; got "__proto__"',
    );
  });

  it("reads what a SessionBundleConfig says", async () => {
    const file = map(`[type.googleapis.com/${ADAPTER}] { legacy_config {
      session_config { gpu_options { allow_growth: true } inter_op_parallelism_threads: 2 }
      batching_parameters {
        max_batch_size { value: 16 } num_batch_threads { value: 2 } allowed_batch_sizes: [8, 16]
        pad_variable_length_inputs: true
      }
      enable_per_model_batching_params: true
      saved_model_tags: "serve" saved_model_tags: "gpu"
      enable_model_warmup: true model_warmup_options { num_request_iterations { value: 3 } }
      mixed_precision: "bfloat16"
      prefer_tflite_model: true num_tflite_pools: 2 num_tflite_interpreters_per_pool: 3
      session_target: "local"
    } }`);
    const { session, batching, ...settings } = await readPlatformConfigFile(file);
    expect(plain(session.sessionConfig as Uint8Array)).toEqual({
      gpuOptions: { allowGrowth: true },
      interOpParallelismThreads: 2,
    });
    expect(session.interOpThreads).toBe(2);
    expect(batching).toMatchObject({
      maxBatchSize: 16,
      slots: 2,
      allowedBatchSizes: [8, 16],
      padVariableLengthInputs: true,
    });
    expect(settings).toEqual({
      tags: ["serve", "gpu"],
      perModelBatchingParameters: true,
      warmup: true,
      warmupIterations: 3,
      mixedPrecision: "bfloat16",
      preferTflite: true,
      tflitePools: 2,
      tfliteInterpretersPerPool: 3,
      ignored: ["session_target"],
    });
  });

  it("reads one whose adapter is serialized, as TF Serving's authors advise", async () => {
    const type = servingType(ADAPTER);
    const bytes = type?.encode({ legacyConfig: { enableModelWarmup: true } }).finish();
    const escaped = [...(bytes as Uint8Array)].map((byte) => `\\${byte.toString(8)}`).join("");
    const file = map(`type_url: "type.googleapis.com/${ADAPTER}" value: "${escaped}"`);
    expect(await readPlatformConfigFile(file)).toMatchObject({ warmup: true, tags: [] });
  });

  it("treats absent settings as off, as TF Serving does", async () => {
    const off = { session: {}, tags: [], batching: undefined, warmup: false, ignored: [] };
    expect(await readPlatformConfigFile(write(""))).toMatchObject(off);
    const other = "tensorflow.serving.SessionBundleSourceAdapterConfig";
    expect(await readPlatformConfigFile(map(`[t/${other}] { config { } }`))).toMatchObject(off);
  });

  it.each([
    [
      map.bind(undefined, "", "torch"),
      'expected platform_configs of key "tensorflow"; got "torch"',
    ],
    [
      map.bind(undefined, 'type_url: "t/some.Other"'),
      `expected a source_adapter_config of type ${ADAPTER} or`,
    ],
    [map.bind(undefined, "[t/some.Other] { }"), "some.Other"],
    [map.bind(undefined, `type_url: "t/${ADAPTER}" value: "\\377"`), "file.config: "],
    [
      map.bind(
        undefined,
        `[t/${ADAPTER}] { legacy_config { batching_parameters { num_batch_threads { value: 0 } } } }`,
      ),
      "num_batch_threads must be positive; was 0",
    ],
  ])("refuses %o", async (file, message) => {
    await expect(readPlatformConfigFile(file())).rejects.toMatchObject({
      reason: "CONFIG_FILE_INVALID",
      message: expect.stringContaining(message),
    });
  });
});
