import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkFlags } from "./check-flags.js";
import { commandLineWarnings } from "./command-line-warnings.js";
import type { PlatformSettings } from "./config-files/platform-config-file.js";
import { parseFlags } from "./flags.js";
import { withModelEnvironment } from "./model-environment.js";
import { flagsWithoutEffect, warningsOf } from "./server-flags/flags-without-effect.js";
import { serverFlagGroups, serverFlags } from "./server-flags.js";

/** Every flag of tensorflow_model_server, and whether it means something here. */
const TF_SERVING: Readonly<Record<string, "mapped" | "without effect" | "refused">> = {
  port: "mapped",
  grpc_socket_path: "mapped",
  rest_api_port: "mapped",
  rest_api_num_threads: "without effect",
  rest_api_timeout_in_ms: "mapped",
  rest_api_enable_cors_support: "mapped",
  enable_batching: "mapped",
  allow_version_labels_for_unavailable_models: "mapped",
  batching_parameters_file: "mapped",
  enable_per_model_batching_parameters: "mapped",
  model_config_file: "mapped",
  model_config_file_poll_wait_seconds: "mapped",
  model_name: "mapped",
  model_base_path: "mapped",
  num_load_threads: "mapped",
  num_unload_threads: "mapped",
  max_num_load_retries: "mapped",
  load_retry_interval_micros: "mapped",
  file_system_poll_wait_seconds: "mapped",
  flush_filesystem_caches: "without effect",
  tensorflow_session_parallelism: "mapped",
  tensorflow_session_config_file: "mapped",
  tensorflow_intra_op_parallelism: "mapped",
  tensorflow_inter_op_parallelism: "mapped",
  use_alts_credentials: "refused",
  ssl_config_file: "mapped",
  platform_config_file: "mapped",
  per_process_gpu_memory_fraction: "mapped",
  saved_model_tags: "mapped",
  grpc_channel_arguments: "mapped",
  grpc_max_threads: "without effect",
  enable_model_warmup: "mapped",
  num_request_iterations_for_warmup: "mapped",
  version: "mapped",
  monitoring_config_file: "mapped",
  remove_unused_fields_from_bundle_metagraph: "without effect",
  prefer_tflite_model: "mapped",
  num_tflite_pools: "mapped",
  num_tflite_interpreters_per_pool: "mapped",
  enable_signature_method_name_check: "mapped",
  xla_cpu_compilation_enabled: "without effect",
  xla_gpu_compilation_enabled: "without effect",
  enable_profiler: "without effect",
  thread_pool_factory_config_file: "without effect",
  mixed_precision: "mapped",
  skip_initialize_tpu: "without effect",
  enable_grpc_healthcheck_service: "without effect",
  enable_serialization_as_tensor_content: "mapped",
};

describe("the flags of the server", () => {
  it.each(Object.entries(TF_SERVING))("have TF Serving's --%s, %s", (name, kind) => {
    expect(Object.keys(serverFlags)).toContain(name);
    expect(Object.hasOwn(flagsWithoutEffect, name)).toBe(kind === "without effect");
  });

  it("list only flags of TF Serving as without effect", () => {
    for (const name of Object.keys(flagsWithoutEffect)) expect(TF_SERVING[name]).toBeDefined();
  });

  it("are each in one group of --help, the kit's own in a group with that title", () => {
    const grouped = Object.values(serverFlagGroups).flatMap((table) => Object.keys(table));
    expect(grouped.toSorted()).toEqual(Object.keys(serverFlags).toSorted());
    const own = Object.keys(serverFlagGroups["Beyond tensorflow_model_server"] ?? {});
    const others = Object.keys(serverFlags).filter((name) => name !== "help" && !TF_SERVING[name]);
    expect(own.toSorted()).toEqual(others.toSorted());
  });

  it("each stand in a table of docs/command.md", () => {
    const guide = readFileSync(new URL("../../../docs/command.md", import.meta.url), "utf8");
    const rows = [...guide.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell]) =>
      [...(cell as string).matchAll(/`([^`]+)`/g)].map(([, name]) => name),
    );
    expect([...rows, "use_alts_credentials"].toSorted()).toEqual(
      Object.keys(serverFlags).toSorted(),
    );
  });

  it("treat an empty path as not given, as TF Serving does", () => {
    const { flags } = parseFlags(serverFlags, ["--model_config_file=", "--ssl_config_file="]);
    expect(flags).toMatchObject({ model_config_file: "", ssl_config_file: "" });
  });
});

describe("warningsOf", () => {
  const warningsFor = (...args: string[]) => {
    const { flags, given } = parseFlags(serverFlags, args);
    return warningsOf(given, flags);
  };

  it.each(Object.entries(flagsWithoutEffect))("reports why --%s has no effect", (name, flag) => {
    const value = "standing" in flag ? String(!flag.standing) : "7";
    expect(warningsFor(`--${name}=${value}`)).toEqual([`--${name} has no effect: ${flag.reason}`]);
  });

  it("ignores flags that are not given, or that request the default behavior", () => {
    expect(warningsFor()).toEqual([]);
    expect(warningsFor("--enable_profiler=false", "--enable_grpc_healthcheck_service")).toEqual([]);
  });
});

describe("commandLineWarnings", () => {
  const overruled = "has no effect: --platform_config_file overrides it";

  it.each<[string[], Partial<PlatformSettings> | undefined, string[]]>([
    // What a template leaves empty is the default of TF Serving.
    [
      [
        ...["--grpc_channel_arguments=", "--mixed_precision=", "--ssl_config_file="],
        "--thread_pool_factory_config_file=",
      ],
      undefined,
      [],
    ],
    [
      ["digits", "true"],
      undefined,
      ["digits", "true"].map(
        (word) => `unknown argument: ${word} (a flag is written --flag=value)`,
      ),
    ],
    [["--enable_batching", "--saved_model_tags=a"], undefined, []],
    [
      ["--enable_batching", "--saved_model_tags=a", "--enable_model_warmup"],
      { mixedPrecision: "", ignored: ["session_target"] },
      [
        `--enable_batching ${overruled}`,
        `--saved_model_tags ${overruled}`,
        `--enable_model_warmup ${overruled}`,
        "--platform_config_file: session_target has no effect",
      ],
    ],
    [["--mixed_precision=bfloat16"], undefined, []],
    [
      ["--mixed_precision=float16"],
      undefined,
      ["--mixed_precision=float16 has no effect: expected bfloat16"],
    ],
  ])("tells of %j with %j", (args, platform, warnings) => {
    const parsed = parseFlags(serverFlags, args);
    expect(commandLineWarnings(parsed, platform as PlatformSettings)).toEqual(warnings);
  });
});

describe("checkFlags", () => {
  const check = (...args: string[]) => checkFlags(parseFlags(serverFlags, args).flags);

  it.each([
    [["--batching_parameters_file=f"], "FLAG_REQUIRES", "without --enable_batching"],
    [["--enable_per_model_batching_parameters"], "FLAG_REQUIRES", "without --enable_batching"],
    [
      ["session", "intra_op", "inter_op"].map((kind) => `--tensorflow_${kind}_parallelism=2`),
      "FLAGS_CONFLICT",
      "got all three",
    ],
    [["--use_alts_credentials"], "FLAG_REFUSED", "use --ssl_config_file"],
    [["--port=0", "--rest_api_port=0"], "NOWHERE_TO_LISTEN", "--rest_api_port"],
  ])("refuses %j with %s", (args, reason, message) => {
    expect(() => check(...args)).toThrowError(
      expect.objectContaining({ reason, message: expect.stringContaining(message) }),
    );
  });

  it.each([
    [[]],
    [["--use_alts_credentials=false"]],
    [["--tensorflow_session_parallelism=2", "--tensorflow_intra_op_parallelism=2"]],
    [["--port=0", "--rest_api_port=0", "--grpc_socket_path=s"]],
    [["--port=0", "--rest_api_port=0", "--rest_api_socket_path=s"]],
  ])("takes %j", (args) => {
    expect(() => check(...args)).not.toThrow();
  });
});

describe("withModelEnvironment", () => {
  it.each([
    [[], {}, "default", ""],
    [[], { MODEL_NAME: "m" }, "m", ""],
    [[], { MODEL_NAME: "m", MODEL_BASE_PATH: "/models" }, "m", "/models/m"],
    [[], { MODEL_BASE_PATH: "/models" }, "default", "/models/default"],
    [[], { MODEL_NAME: "m", MODEL_BASE_PATH: "s3://bucket/models/" }, "m", "s3://bucket/models/m"],
    [[], { MODEL_NAME: "m", MODEL_BASE_PATH: "s3://bucket" }, "m", "s3://bucket/m"],
    [[], { MODEL_NAME: "m", MODEL_BASE_PATH: "memory://" }, "m", "memory://m"],
    [[], { MODEL_NAME: "m", MODEL_BASE_PATH: "file:///" }, "m", "file:///m"],
    [[], { MODEL_NAME: "m", MODEL_BASE_PATH: "file:///models" }, "m", "file:///models/m"],
    [["--model_name=n"], { MODEL_BASE_PATH: "/models" }, "n", "/models/n"],
    // As in the image, whose own flags come before those of the user.
    [["--model_name=n"], { MODEL_NAME: "m", MODEL_BASE_PATH: "/models" }, "n", "/models/m"],
    [["--model_base_path=/b"], { MODEL_NAME: "m", MODEL_BASE_PATH: "/models" }, "m", "/b"],
    [[], { MODEL_NAME: "", MODEL_BASE_PATH: "" }, "default", ""],
  ])("with %j in %j", (args, environment, name, basePath) => {
    const { flags, given } = parseFlags(serverFlags, args);
    expect(withModelEnvironment(flags, given, environment)).toMatchObject({
      model_name: name,
      model_base_path: basePath,
    });
  });
});
