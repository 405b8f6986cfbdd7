import { runToEnd } from "@serving-kit/core";
import { expect, it } from "vitest";
import { lastingSettings } from "./lasting-settings.js";
import type { ModelConfig } from "./model-config.js";
import { parseModelConfig } from "./model-config-file.js";
import { resolveModels } from "./resolve-models.js";

const resolved = (more: string) => {
  const text = `model_config_list: { config: [{ name: m, base_path: /m, ${more} }] }`;
  const scope = { platforms: [], resolveBasePath: (path: string) => path };
  const configs = parseModelConfig(text, "/etc/f.yaml") as ModelConfig[];
  const models = runToEnd(resolveModels(configs, scope));
  return models.get("m") as NonNullable<ReturnType<typeof models.get>>;
};
const custom = (module: string) =>
  `model_platform: custom, custom_model_config: { module_path: ${module}, options: { by: [1] } }`;

it.each([
  ["batching: { max_batch_size: 8 }", "batching: { max_batch_size: 8 }", []],
  [
    "batching: { max_batch_size: 8 }",
    "batching: { max_batch_size: 16 }",
    ["model m: its batching changed; loaded versions keep theirs"],
  ],
  [custom("a.js"), custom("a.js"), []],
  [custom("a.js"), custom("b.js"), ["model m: its module changed; loaded versions keep theirs"]],
  ["version_labels: { a: 1 }", "version_labels: { a: 2 }", []],
])("from %s to %s", (before, now, sentences) => {
  expect(lastingSettings(resolved(before), resolved(now))).toEqual(sentences);
});
