import { all, latest, specific } from "@serving-kit/source-filesystem";
import { describe, expect, it } from "vitest";
import { parseModelConfig, readModelConfigFile } from "./model-config-file.js";

const list = (...configs: string[]) =>
  `model_config_list {\n${configs.map((config) => `  config { ${config} }`).join("\n")}\n}\n`;

describe("parseModelConfig", () => {
  it("reads the models of a file as TF Serving's users write it", () => {
    const text = `# comment
      model_config_list: {
        config: {
          name: "digits", base_path: "/models/digits", model_platform: "tflite"
          model_version_policy { specific { versions: 1 versions: 9007199254740993 } }
          version_labels { key: 'stable' value: 1 }
          version_labels { key: "canary", value: 9007199254740993 }
        },
        config <name: "half" base_path: "half">
      }`;
    expect(parseModelConfig(text, "models.config")).toEqual([
      {
        name: "digits",
        basePath: "/models/digits",
        platform: "tflite",
        versionPolicy: specific([1n, 9007199254740993n]),
        labels: { stable: 1n, canary: 9007199254740993n },
      },
      { name: "half", basePath: "half" },
    ]);
  });

  it.each([
    ["latest { num_versions: 3 }", latest(3)],
    ["latest {}", latest(1)],
    ["all {}", all()],
  ])("reads the policy %s", (policy, versionPolicy) => {
    const text = list(`name: "a" base_path: "b" model_version_policy { ${policy} }`);
    expect(parseModelConfig(text, "f")).toEqual([{ name: "a", basePath: "b", versionPolicy }]);
  });

  it("reads what has no effect here: the deprecated model_type, and logging_config", () => {
    const text = list(
      'name: "a" base_path: "b" model_type: TENSORFLOW logging_config { ' +
        'log_collector_config { type: "x" filename_prefix: "y" } sampling_config { sampling_rate: 0.1 } }',
    );
    expect(parseModelConfig(text, "f")).toEqual([{ name: "a", basePath: "b" }]);
  });

  it("keeps a label named __proto__ a label", () => {
    const text = list('name: "a" base_path: "b" version_labels { key: "__proto__" value: 7 }');
    const labels = parseModelConfig(text, "f")[0]?.labels ?? {};
    expect(Object.entries(labels)).toEqual([["__proto__", 7n]]);
  });

  it.each([
    ["", "expected model_config_list { config { … } } with at least one config"],
    ["model_config_list {}", "with at least one config; got none"],
    [list('base_path: "b"'), "config #1: expected a name; got none"],
    [list('name: "a"'), "config a: expected a base_path; got none"],
    [
      list('name: "a" base_path: "b"', 'name: "a" base_path: "c"'),
      "Illegal to list model a multiple times in config list",
    ],
    [list('name: "a" basepath: "b"'), "unknown field 'basepath' (line 2)"],
    [list('name: "a" base_path: 3'), "line 2"],
    ['model_config_list { config { name: "a"', "(line 1)"],
    [
      list('name: "a" base_path: "b" model_version_policy { all {} latest { num_versions: 2 } }'),
      "multiple values",
    ],
    [
      list('name: "a" base_path: "b" version_labels { key: "x" value: -1 }'),
      "config a: expected versions of at least 0; got -1",
    ],
  ])("refuses %j", (text, problem) => {
    expect(() => parseModelConfig(text, "models.config")).toThrowError(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        reason: "CONFIG_FILE_INVALID",
        message: expect.stringMatching(/^models\.config: /),
      }),
    );
    expect(() => parseModelConfig(text, "models.config")).toThrowError(problem);
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
});
