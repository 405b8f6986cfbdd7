import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { all, latest, specific } from "@serving-kit/source-filesystem";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { CustomPlatform } from "../custom/custom-platform.js";
import { MAX_CONFIG_BYTES } from "./bounded-file.js";
import type { ModelConfig } from "./model-config.js";
import { parseModelConfig, readModelConfigFile } from "./model-config-file.js";

const list = (...configs: string[]) =>
  `model_config_list {\n${configs.map((config) => `  config { ${config} }`).join("\n")}\n}\n`;
const json = (...config: object[]) => JSON.stringify({ model_config_list: { config } });

/** Characters that mean something somewhere. */
const ODD = [..."aZ09 _-.:,;#&*!?|>%@`'\"\\/{}[]<>\n\t\r\0é\u2028\uFEFF😀"];

/** A model in terms that can be compared whatever its prototypes are. */
const plain = ({ labels, ...rest }: ModelConfig) => ({
  ...rest,
  labels: Object.entries(labels ?? {}).sort(),
});

/** Fields as a text proto. */
function textProtoOf(fields: object): string {
  return Object.entries(fields)
    .flatMap(([name, value]) => {
      if (name === "version_labels") {
        return Object.entries(value as Record<string, string>).map(
          ([key, version]) => `${name} { key: ${escaped(key)} value: ${version} }`,
        );
      }
      return (Array.isArray(value) ? value : [value]).map((one) => {
        if (typeof one === "object") return `${name} { ${textProtoOf(one)} }`;
        return `${name}: ${name === "versions" || typeof one === "number" ? one : escaped(one)}`;
      });
    })
    .join("\n");
}

/** A string of a text proto: bytes that are not printable in octal. */
const escaped = (text: string) =>
  `"${Array.from(Buffer.from(text), (byte) =>
    byte > 31 && byte < 127 && byte !== 34 && byte !== 92
      ? String.fromCharCode(byte)
      : `\\${byte.toString(8).padStart(3, "0")}`,
  ).join("")}"`;

/** Fields by the names of protobuf's JSON form. */
function withJsonNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withJsonNames);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name.replace(/_[a-z]/g, ([, letter = ""]) => letter.toUpperCase()),
      name === "version_labels" ? inner : withJsonNames(inner),
    ]),
  );
}

/** A logger, and what it was told. */
function recordingLogger() {
  const warnings: string[] = [];
  const warn = (_: object, message: string) => void warnings.push(message);
  return { warnings, logger: { info: () => {}, warn, error: warn } };
}

describe("a model config file as a text proto", () => {
  it("is read as TF Serving's users write it", () => {
    const text = `# comment
      model_config_list: {
        config: {
          name: "digits", base_path: "/models/digits", model_platform: "tflite"
          model_version_policy { specific { versions: 1 versions: 9007199254740993 } }
          version_labels { key: 'stable' value: 1 }
          version_labels: { key: "canary", value: 9007199254740993 }
        },
        config <name: "half" base_path: "half">
      }`;
    expect(parseModelConfig(text, "/etc/models.config")).toEqual([
      {
        name: "digits",
        basePath: "/models/digits",
        platform: "tflite",
        versionPolicy: specific([1n, 9007199254740993n]),
        labels: { stable: 1n, canary: 9007199254740993n },
      },
      { name: "half", basePath: "/etc/half" },
    ]);
  });

  it.each([
    ["latest { num_versions: 3 }", latest(3)],
    ["latest {}", latest(1)],
    ["all {}", all()],
  ])("has the policy %s", (policy, versionPolicy) => {
    const text = list(`name: "a" base_path: "/b" model_version_policy { ${policy} }`);
    expect(parseModelConfig(text, "f")).toEqual([{ name: "a", basePath: "/b", versionPolicy }]);
  });

  it.each(["TENSORFLOW", '"OTHER"', "7", "-1.5", "[1, 2]", "{ a: 1 }"])(
    "ignores the model_type %s with a warning",
    (type) => {
      const { warnings, logger } = recordingLogger();
      const text = list(`name: "a", model_type: ${type}, base_path: "/b"`);
      expect(parseModelConfig(text, "f", logger)).toEqual([{ name: "a", basePath: "/b" }]);
      expect(warnings).toEqual(["f: model_type has no effect; model_platform names the platform"]);
    },
  );

  it.each([
    ['"tflite_model"', "tflite_model"],
    ["'tflite' '_model'", "tflite_model"],
    ["TENSORFLOW", "TENSORFLOW"],
    ["7", undefined],
    ["{ a: 1 }", undefined],
  ])("passes the model_type %s to a module", (type, modelType) => {
    const { warnings, logger } = recordingLogger();
    const custom = `model_platform: "custom" custom_model_config { module_path: "model_type: 'x'.py" }`;
    const text = list(`name: "a" # model_type: "no"
      ${custom} model_type: ${type}`);
    const [model] = parseModelConfig(text, "/f", logger);
    expect((model?.platform as CustomPlatform | undefined)?.custom.modelType).toBe(modelType);
    expect(model?.basePath).toBe("/model_type: 'x'.py");
    const skipped = "f: model_type has no effect; model_platform names the platform";
    expect(warnings).toEqual(modelType === undefined ? [`/${skipped}`] : []);
  });

  it("has the options of a .tflite model", () => {
    const fields =
      'state: "keep" unchecked_ops: "allow" max_tensor_bytes: 1000 resize_fixed: true batch: "resize"';
    const tflite = {
      ...{ state: "keep", unchecked_ops: "allow", max_tensor_bytes: 1000 },
      ...{ resize_fixed: true, batch: "resize" },
    };
    const texts = [
      list(`name: "m" base_path: "/m" tflite { ${fields} }`),
      json({ name: "m", base_path: "/m", tflite }),
    ];
    for (const text of texts) {
      expect(parseModelConfig(text, "f")[0]?.tflite).toEqual({
        ...{ state: "keep", uncheckedOps: "allow", maxTensorBytes: 1000 },
        ...{ resizeFixed: true, batch: "resize" },
      });
    }
    const wrong = list('name: "m" base_path: "/m" tflite { unchecked_ops: "yes" }');
    expect(() => parseModelConfig(wrong, "f")).toThrow(/tflite.unchecked_ops/);
  });

  it("has the warm-up and the resources of a model", () => {
    const texts = [
      list(
        'name: "m" base_path: "/m" warm_up { enabled: false } resources { ram_bytes: 2000000000 }',
      ),
      json({
        ...{ name: "m", base_path: "/m" },
        ...{ warm_up: { enabled: false }, resources: { ram_bytes: 2e9 } },
      }),
    ];
    for (const text of texts) {
      const [model] = parseModelConfig(text, "f");
      expect(model?.warmUp).toEqual({ enabled: false });
      expect(model?.resources).toEqual({ ramBytes: 2e9 });
    }
    const often = list('name: "m" base_path: "/m" warm_up { iterations: 3 }');
    expect(parseModelConfig(often, "f")[0]?.warmUp).toEqual({ iterations: 3 });
    const wrong = json({ name: "m", base_path: "/m", warm_up: { enabled: 7 } });
    expect(() => parseModelConfig(wrong, "f")).toThrow(/warm_up.enabled/);
  });

  it("has the op libraries of a model, relative to its folder", () => {
    const model = 'name: "m" base_path: "/m" tensorflow_op_libraries: "a.so"';
    const texts = [
      list(`${model} tensorflow_op_libraries: "/b.so"`),
      json({ name: "m", base_path: "/m", tensorflow_op_libraries: ["a.so", "/b.so"] }),
    ];
    for (const text of texts) {
      expect(parseModelConfig(text, "/c/models.config")[0]?.opLibraries).toEqual([
        "/c/a.so",
        "/b.so",
      ]);
    }
  });

  it("has the batching of a model", () => {
    const text = list(
      `name: "a" base_path: "/b" batching { max_batch_size { value: 32 }
       batch_timeout_micros { value: 2000 } allowed_batch_sizes: [8, 32] }`,
    );
    expect(parseModelConfig(text, "f")[0]?.batching).toMatchObject({
      maxBatchSize: 32,
      batchTimeoutMs: 2,
      allowedBatchSizes: [8, 32],
    });
  });

  it("keeps a label named __proto__ a label", () => {
    const text = list('name: "a" base_path: "b" version_labels { key: "__proto__" value: 7 }');
    const labels = parseModelConfig(text, "f")[0]?.labels ?? {};
    expect(Object.entries(labels)).toEqual([["__proto__", 7n]]);
  });
});

describe("a model config file in JSON or YAML", () => {
  const yaml = `
model_config_list:
  config:
    - name: digits
      base_path: models/digits # relative
      model_version_policy: { specific: { versions: [1, 9007199254740993] } }
      version_labels: { stable: 1, canary: "9007199254740993", numVersions: 2 }
      batching:
        max_batch_size: 32
        signatures: { encodeText: { max_batch_size: 8 } }
`;
  const expected = {
    name: "digits",
    basePath: "/etc/models/digits",
    versionPolicy: specific([1n, 9007199254740993n]),
    labels: { stable: 1n, canary: 9007199254740993n, numVersions: 2n },
    batching: { maxBatchSize: 32, signatures: { encodeText: { maxBatchSize: 8 } } },
  };

  it("has the names of the proto file, and versions beyond 2^53 as texts or, in YAML, as numbers", () => {
    expect(parseModelConfig(yaml, "/etc/models.yaml")).toMatchObject([expected]);
    const text = yaml.replaceAll("\t", "");
    expect(parseModelConfig(text, "/etc/models.YML")).toMatchObject([expected]);
  });

  it("accepts the names of protobuf's JSON form, and is JSON if it starts like JSON", () => {
    const model = {
      name: "digits",
      basePath: "models/digits",
      modelVersionPolicy: { specific: { versions: ["1", "9007199254740993"] } },
      versionLabels: { stable: 1, canary: "9007199254740993", numVersions: 2 },
      batching: { maxBatchSize: 32, signatures: { encodeText: { maxBatchSize: 8 } } },
    };
    const text = JSON.stringify({ modelConfigList: { config: [model] } }, null, "\t");
    for (const path of ["/etc/models.json", "/etc/models.config"]) {
      expect(parseModelConfig(text, path)).toMatchObject([expected]);
    }
  });

  it("accepts aliases", () => {
    const text =
      "model_config_list: { config: [{ name: a, base_path: &p /m }, { name: b, base_path: *p }] }";
    const paths = parseModelConfig(text, "f.yaml").map(({ basePath }) => basePath);
    expect(paths).toEqual(["/m", "/m"]);
  });

  it("accepts the keys of another mapping by <<", () => {
    const text =
      "model_config_list: { config: [&a { name: a, base_path: /m }, { <<: *a, name: b }] }";
    const models = parseModelConfig(text, "f.yaml").map(({ name, basePath }) => [name, basePath]);
    expect(models).toEqual([
      ["a", "/m"],
      ["b", "/m"],
    ]);
  });

  it("accepts an integer beyond 2^53 in JSON as it is written", () => {
    const text = json({ name: "a", base_path: "/b", version_labels: { x: 0 } });
    const [model] = parseModelConfig(text.replace("0", "9007199254740993"), "f.json");
    expect(model?.labels).toEqual({ x: 9007199254740993n });
  });

  it("logs requests to a file next to the configuration", () => {
    const logging_config = {
      log_collector_config: { type: "jsonl", filename_prefix: "logs/a" },
      sampling_config: { sampling_rate: 0.1 },
    };
    const text = json({ name: "a", base_path: "/b", logging_config });
    const requestLog = { type: "jsonl", filenamePrefix: "/etc/logs/a", samplingRate: 0.1 };
    expect(parseModelConfig(text, "/etc/f.json")).toEqual([
      { name: "a", basePath: "/b", requestLog },
    ]);
  });

  it.each(
    [
      ['{"model_config_list": {"config": [', "line 1"],
      ['{"a": 1, "a": 2}', "Map keys must be unique"],
      [
        "model_config_list:\n  config: [{ name: a, base_path: !env M }]",
        "!env (line 2, column 34)",
      ],
      ["[".repeat(5_000), "expected at most 64 levels; got more (line 1)"],
      ["a: 1\n---\nb: 2", "expected one document; got several"],
      ["a: &a [*a]", "expected at most 64 levels; got more"],
      [
        Array.from(
          { length: 30 },
          (_, i) => `a${i}: &a${i} [${`*a${i - 1}, `.repeat(i && 9)}1]`,
        ).join("\n"),
        "Excessive alias count",
      ],
      ["{__proto__: {model_config_list: {}}}", "unknown option __proto__"],
      ["[]", "options: expected object; got an array"],
      [
        json({ name: "a", base_path: "/b", num_batch_threads: 1 }),
        "config[0]: unknown option num_batch_threads; num_batch_threads belongs in batching",
      ],
      [
        json({ name: "a", base_path: "/b", batching: { base_path: "/b" } }),
        "batching: unknown option base_path; base_path belongs in model_config_list.config",
      ],
      ['{"config": []}', "unknown option config; config belongs in model_config_list"],
      [
        '{"model_config_list": {"model_config_list": {}}}',
        "model_config_list: unknown option model_config_list; model_config_list belongs at the top level",
      ],
      [
        '{"model_config_list": {"config": []}, "modelConfigList": 1}',
        "expected model_config_list once; it is also set as modelConfigList",
      ],
      [
        json({ name: "a", base_path: "/b", batching: { max_batchsize: 1 } }),
        "model_config_list.config[0].batching: unknown option max_batchsize",
      ],
      [
        json({
          name: "a",
          base_path: "/b",
          batching: { max_batch_size: 4, allowed_batch_sizes: [2] },
        }),
        "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 2; expected 4",
      ],
      [
        json({ name: "a", base_path: "/b", version_labels: { x: 1.5 } }),
        "model_config_list.config[0].version_labels.x: expected an integer from 0 to 2^63 - 1; got 1.5",
      ],
      [
        json({ name: "a", base_path: "/b", model_version_policy: { all: {}, latest: {} } }),
        "model_config_list.config[0].model_version_policy: expected one of latest, all and specific",
      ],
      [
        json({
          name: "a",
          base_path: "/b",
          logging_config: { log_collector_config: { type: "x", filename_prefix: "y" } },
        }),
        'logging_config.log_collector_config.type: expected "jsonl", "tfrecord"; got "x"',
      ],
    ].map(([text, problem]) => [problem, text] as [string, string]),
  )("is refused where it is wrong: %s", (problem, text) => {
    expect(() => parseModelConfig(text, "models.yaml")).toThrowError(
      expect.objectContaining({
        reason: "CONFIG_FILE_INVALID",
        message: expect.stringContaining(problem),
      }),
    );
  });
});

describe("a custom platform", () => {
  it("is that of a module in Python as people have its configuration", () => {
    const seed = "../../../servable-python/test/seed/model_config.conf";
    const { warnings, logger } = recordingLogger();
    const text = readFileSync(join(import.meta.dirname, seed), "utf8");
    const [model] = parseModelConfig(text, "/models/model_config.conf", logger);
    expect(model).toMatchObject({
      ...{ name: "tflite_model", basePath: "/models", versionPolicy: all() },
    });
    expect((model?.platform as CustomPlatform | undefined)?.custom).toEqual({
      ...{ modulePath: "/models/model_wrapper.py", exportName: "load_servable" },
      modelType: "tflite_model",
    });
    expect(warnings).toEqual([]);
  });

  const text = `model_config_list: { config: {
    name: "mine",
    model_platform: "custom",
    model_type: "OTHER",
    base_path: "data",
    custom_model_config: { module_path: "./my-servable.js", model_class_name: "load_servable" },
  } }`;

  it("is read as it stands, commas and colons too", () => {
    const [model] = parseModelConfig(text, "/etc/models.config");
    expect(model).toMatchObject({ name: "mine", basePath: "/etc/data" });
    expect(model?.platform).toHaveProperty("platformName", "custom");
  });

  it("has its module for a path when it needs none", () => {
    const [model] = parseModelConfig(text.replace('base_path: "data",', ""), "/etc/models.config");
    expect(model?.basePath).toBe("/etc/my-servable.js");
  });

  it.each([
    ['model_platform: "custom" base_path: "/b"', 'got model_platform "custom" and no custom_model'],
    [
      'base_path: "/b" custom_model_config { module_path: "x.js" }',
      "got model_platform undefined and a custom_model_config",
    ],
    [
      'model_platform: "custom" custom_model_config {}',
      "config[0].custom_model_config.module_path: expected string; got undefined",
    ],
  ])("is refused with one half of it: %s", (config, problem) => {
    expect(() => parseModelConfig(list(`name: "a" ${config}`), "f")).toThrowError(problem);
  });
});

describe("parseModelConfig", () => {
  it.each(["model_config_list {}", json(), '{"model_config_list": {}}', "", " # later\n", "{}"])(
    "takes an empty list, for models that come by a reload: %s",
    (text) => expect(parseModelConfig(text, "f")).toEqual([]),
  );

  it.each(
    [
      [list('base_path: "b"'), "model_config_list.config[0].name: expected string; got undefined"],
      [list('name: "a"'), "model_config_list.config[0].base_path: expected a path; got none"],
      [
        list('name: "a" base_path: "b"', 'name: "a" base_path: "c"'),
        "Illegal to list model a multiple times in config list",
      ],
      [list('name: "a" basepath: "b"'), "unknown field 'basepath' (line 2)"],
      [
        list('name: "a" num_batch_threads { value: 4 }'),
        "tensorflow.serving.ModelConfig: unknown field 'num_batch_threads' (line 2); num_batch_threads belongs in batching { … }",
      ],
      [
        list('name: "a" logging_config { sampling_rate: 0.5 }'),
        "unknown field 'sampling_rate' (line 2); sampling_rate belongs in sampling_config { … }",
      ],
      [
        'config { name: "a" }',
        "unknown field 'config' (line 1); config belongs in model_config_list { … }",
      ],
      [
        'name: "a"',
        "unknown field 'name' (line 1); name belongs in model_config_list { config { … } }",
      ],
      [
        "custom_model_config {}",
        "custom_model_config belongs in model_config_list { config { … } }",
      ],
      [list('name: "a" base_path: 3'), "line 2"],
      ['model_config_list { config { name: "a"', "(line 1)"],
      ["model_config_list {".repeat(5_000), "unknown field 'model_config_list' (line 1)"],
      [list(`name: "a" model_type: ${"{".repeat(5_000)}`), "max depth exceeded (line 2)"],
      [
        list('name: "a" base_path: "b" model_version_policy { all {} latest { num_versions: 2 } }'),
        "multiple values",
      ],
      [
        list('name: "a" base_path: "b" version_labels { key: "x" value: -1 }'),
        'version_labels.x: expected an integer from 0 to 2^63 - 1; got "-1"',
      ],
      [
        list('name: "a" base_path: "b" version_labels { key: "__proto__" value: -1 }'),
        "config[0].version_labels: expected an integer from 0 to 2^63 - 1; got -1",
      ],
    ].map(([text, problem]) => [problem, text] as [string, string]),
  )("refuses with %s", (problem, text) => {
    expect(() => parseModelConfig(text, "models.config")).toThrowError(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        reason: "CONFIG_FILE_INVALID",
        message: expect.stringMatching(
          /^(Invalid protobuf file: 'models\.config'|models\.config): /,
        ),
      }),
    );
    expect(() => parseModelConfig(text, "models.config")).toThrowError(problem);
  });

  it.each([
    ["options", { module_path: "m.js", options: "hunter2" }],
    ["custom_model_config", "hunter2"],
  ])("tells nothing of what a module is given: %s", (where, custom_model_config) => {
    const config = json({ name: "a", model_platform: "custom", custom_model_config });
    expect(() => parseModelConfig(config, "f.json")).toThrow(
      new RegExp(`${where}: expected \\w+; got a string$`),
    );
  });

  it("logs a text that does not parse as TF Serving does", () => {
    const lines: string[] = [];
    const log = (_: object, line: string) => void lines.push(line);
    const logger = { info: log, warn: log, error: log };
    expect(() => parseModelConfig("model_config_lst {}", "f", logger)).toThrow();
    expect(lines).toEqual([
      "Error parsing text-format tensorflow.serving.ModelServerConfig: " +
        "tensorflow.serving.ModelServerConfig: unknown field 'model_config_lst' (line 1)",
    ]);
  });

  it("accepts TF Serving's fields that have no effect here, in text and in JSON, and reports it", () => {
    const logging = { log_collector_config: { type: "jsonl", filename_prefix: "p" } };
    const sampling = {
      sampling_rate: 0.5,
      attributes: 2,
      per_task_sampling_configs: [{ dc: "x" }],
    };
    const files = [
      list(`name: "a" base_path: "b" model_type: TENSORFLOW logging_config {
        log_collector_config { type: "jsonl" filename_prefix: "p" }
        sampling_config { sampling_rate: 0.5 attributes: 2 per_task_sampling_configs { dc: "x" } }
        custom_logging_config { type_url: "t/x" value: "\\001" }
      }`),
      json({
        name: "a",
        base_path: "b",
        model_type: "TENSORFLOW",
        logging_config: { ...logging, sampling_config: sampling, custom_logging_config: {} },
      }),
    ];
    for (const text of files) {
      const lines: string[] = [];
      const log = (_: object, line: string) => void lines.push(line);
      const [model] = parseModelConfig(text, "f", { info: log, warn: log, error: log });
      expect(model?.requestLog).toMatchObject({ type: "jsonl", samplingRate: 0.5 });
      expect(lines.sort()).toEqual([
        "f: attributes has no effect",
        "f: custom_logging_config has no effect",
        "f: model_type has no effect; model_platform names the platform",
        "f: per_task_sampling_configs has no effect",
      ]);
    }
  });

  it("accepts integers beyond 2^53 of every field that is one", () => {
    const whole = 9223372036854775807n;
    const text = `{"model_config_list": {"config": [{"name": "a", "base_path": "/b",
      "model_version_policy": {"latest": {"num_versions": ${whole}}},
      "version_labels": {"x": ${whole}}, "batching": {"max_batch_size": ${whole}}}]}}`;
    expect(parseModelConfig(text, "f.json")).toMatchObject([
      {
        versionPolicy: { kind: "latest", numVersions: Number.MAX_SAFE_INTEGER },
        labels: { x: whole },
        batching: { maxBatchSize: Number.MAX_SAFE_INTEGER },
      },
    ]);
  });

  it("accepts names with / and :, which gRPC serves as they are", () => {
    expect(parseModelConfig(list('name: "a/b:c" base_path: "b"'), "f")).toMatchObject([
      { name: "a/b:c" },
    ]);
  });

  it("leaves a path of another scheme as it is, so that its error names it", () => {
    const [model] = parseModelConfig(list('name: "a" base_path: "gs://bucket/a"'), "f");
    expect(model?.basePath).toBe("gs://bucket/a");
    const [local] = parseModelConfig(list('name: "a" base_path: "file:///models/a"'), "f");
    expect(local?.basePath).toBe("/models/a");
  });

  it("reads the same of a text proto, of JSON by either names, and of YAML", () => {
    const int64 = fc.bigInt(0n, 2n ** 63n - 1n).map(String);
    const text = fc
      .array(fc.constantFrom(...ODD, "__proto__"), { minLength: 1, maxLength: 6 })
      .map((parts) => parts.join(""));
    const policy = fc.oneof(
      fc.constant({ all: {} }),
      fc.record({ latest: fc.record({ num_versions: fc.integer({ min: 0, max: 9 }) }) }),
      fc.record({ specific: fc.record({ versions: fc.array(int64, { maxLength: 3 }) }) }),
    );
    const optional = {
      model_platform: fc.constantFrom("tflite", "tensorflow"),
      model_version_policy: policy,
      version_labels: fc.dictionary(text, int64, { maxKeys: 3, noNullPrototype: true }),
      logging_config: fc.record({
        log_collector_config: fc.record({
          type: fc.constantFrom("jsonl", "tfrecord"),
          filename_prefix: text,
        }),
      }),
    };
    const model = fc.record(
      { name: fc.stringMatching(/^[^/:]{1,9}$/), base_path: text, ...optional },
      { requiredKeys: ["name", "base_path"] },
    );
    const models = fc.uniqueArray(model, {
      minLength: 1,
      maxLength: 3,
      selector: ({ name }) => name,
    });
    fc.assert(
      fc.property(models, (config) => {
        const file = { model_config_list: { config } };
        const read = (text: string, path: string) => parseModelConfig(text, path).map(plain);
        const expected = read(textProtoOf(file), "/etc/f.config");
        expect(expected.map(({ name }) => name)).toEqual(config.map(({ name }) => name));
        expect(read(JSON.stringify(file), "/etc/f.json")).toEqual(expected);
        expect(read(JSON.stringify(withJsonNames(file)), "/etc/f.json")).toEqual(expected);
        // Quoted, since block scalars that are all white space do not come back from this writer.
        const yaml = stringify(file, { defaultStringType: "QUOTE_DOUBLE" });
        expect(read(yaml, "/etc/f.yaml")).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  it("throws only CONFIG_FILE_INVALID, for any text", () => {
    const tokens = fc.constantFrom(
      ..."{ } [ ] < > : , ; - # & * ! ? | > ' \" \\ \n \t 1 1.5 a name: base_path: config model_type".split(
        " ",
      ),
      "model_config_list",
      "__proto__",
      "\n  ",
      "- ",
    );
    const text = fc.oneof(
      fc.array(tokens, { maxLength: 40 }).map((parts) => parts.join("")),
      fc.array(fc.constantFrom(...ODD)).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, fc.constantFrom("f", "f.json", "f.yaml"), (text, path) => {
        try {
          parseModelConfig(text, path);
        } catch (error) {
          expect(error).toMatchObject({ reason: "CONFIG_FILE_INVALID" });
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("readModelConfigFile", () => {
  it("names a file that cannot be read", async () => {
    await expect(readModelConfigFile("/nowhere/models.config")).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "CONFIG_FILE_UNREADABLE",
      message: expect.stringContaining("got /nowhere/models.config: ENOENT"),
    });
  });

  it("ignores a byte order mark, and reports that another encoding is one", async () => {
    const folder = await mkdtemp(join(tmpdir(), "model-config-"));
    const path = join(folder, "models.config");
    const text = `\ufeff${list('name: "a" base_path: "b"')}`;
    await writeFile(path, text);
    expect(await readModelConfigFile(path)).toMatchObject([{ name: "a" }]);
    await writeFile(path, text, "utf16le");
    await expect(readModelConfigFile(path)).rejects.toThrow(
      "models.config: expected text in UTF-8; got another encoding",
    );
    await rm(folder, { recursive: true });
  });

  it("reads no more than 1 MiB", async () => {
    const folder = await mkdtemp(join(tmpdir(), "model-config-"));
    const path = join(folder, "models.config");
    await writeFile(path, Buffer.alloc(MAX_CONFIG_BYTES + 1, "#"));
    await expect(readModelConfigFile(path)).rejects.toThrow(
      "expected at most 1048576 bytes; got more",
    );
    await rm(folder, { recursive: true });
  });
});

describe("processing", () => {
  const processing = {
    before: [{ image: { range: [-1, 1], maxPixels: 5 } }],
    after: [{ topK: { k: 5, packedLabels: true } }],
  };
  const text = list(
    'name: "m" base_path: "/m" processing { before { image { range: -1 range: 1 max_pixels: 5 } } after { top_k { k: 5 packed_labels: true } } }',
  );
  const object = {
    name: "m",
    base_path: "/m",
    processing: {
      before: [{ image: { range: [-1, 1], max_pixels: 5 } }],
      after: [{ top_k: { k: 5, packed_labels: true } }],
    },
  };

  it("is read from text protos, JSON and YAML alike, with names in camel case", () => {
    const yaml = stringify({ model_config_list: { config: [object] } });
    const read = (content: string, path: string) => parseModelConfig(content, path)[0]?.processing;
    expect(read(text, "/m.config")).toEqual(processing);
    expect(read(json(object), "/m.json")).toEqual(processing);
    expect(read(yaml, "/m.yaml")).toEqual(processing);
  });

  it("is rejected with the position of the error", () => {
    const wrong = { ...object, processing: { after: [{ top_k: { k: "five" } }] } };
    expect(() => parseModelConfig(json(wrong), "/m.json")).toThrow("processing.after[0].top_k.k");
  });
});
