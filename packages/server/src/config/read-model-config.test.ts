import { all } from "@serving-kit/source-filesystem";
import { describe, expect, it } from "vitest";
import { parseModelConfig } from "./model-config-file.js";
import { readRemoteModel } from "./read-model-config.js";

const fields = {
  name: "m",
  base_path: "/m",
  model_platform: "tflite",
  model_version_policy: { all: {} },
  version_labels: { stable: "3" },
};
const remote = {
  name: "m",
  basePath: "/m",
  platform: "tflite",
  versionPolicy: all(),
  labels: { stable: 3n },
};

describe("readRemoteModel", () => {
  it("reads what a file with the same fields has", () => {
    const text = JSON.stringify({ model_config_list: { config: [fields] } });
    expect(readRemoteModel(fields)).toEqual(remote);
    expect(parseModelConfig(text, "models.json")).toEqual([remote]);
  });

  it("ignores what only a file may set", () => {
    const more = {
      ...{ batching: true, tflite: { state: "keep" }, tensorflow_op_libraries: ["/x.so"] },
      custom_model_config: { module_path: "/x.js" },
      logging_config: { log_collector_config: { type: "jsonl", filename_prefix: "/x" } },
    };
    expect(readRemoteModel({ ...fields, ...more })).toEqual(remote);
    const custom = { ...fields, ...more, model_platform: "custom" };
    expect(readRemoteModel(custom)).toEqual({ ...remote, platform: "custom" });
  });

  it("rejects a relative path in TF Serving's words", () => {
    expect(() => readRemoteModel({ ...fields, base_path: "m" })).toThrow(
      "Expected model m to have an absolute path or URI; got base_path()=m",
    );
  });
});
