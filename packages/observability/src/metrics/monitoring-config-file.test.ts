import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readMonitoringConfigFile } from "./monitoring-config-file.js";

const folder = mkdtempSync(join(tmpdir(), "serving-kit-monitoring-"));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (text: string) => {
  const file = join(folder, "file.config");
  writeFileSync(file, text);
  return file;
};

it.each([
  ['prometheus_config { enable: true, path: "/metrics" }', { path: "/metrics" }],
  ["prometheus_config { enable: true }", {}],
  ['prometheus_config { path: "/metrics" }', undefined],
  ["", undefined],
])("reads %j", async (text, options) => {
  expect(await readMonitoringConfigFile(write(text))).toEqual(options);
});

it.each([
  [
    'prometheus_config { enable: true path: "metrics" }',
    'expected a path that starts with /; got "metrics"',
  ],
  ["prometheus_config { on: true }", "unknown field 'on' (line 1)"],
])("refuses %j", async (text, message) => {
  await expect(readMonitoringConfigFile(write(text))).rejects.toMatchObject({
    reason: "CONFIG_FILE_INVALID",
    message: expect.stringContaining(message),
  });
});
