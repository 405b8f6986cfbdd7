import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { collect } from "./collecting-runner.js";
import { runPluginSuites } from "./plugin-suites.js";
import { runSuitesOnFakes } from "./suites-on-fakes.js";

it("runs every suite under node:test, unchanged", () => {
  const file = fileURLToPath(new URL("suites-on-fakes.node.ts", import.meta.url));
  const args = [
    "--conditions=@serving-kit/source",
    "--import",
    "tsx",
    "--test",
    "--test-reporter=tap",
  ];
  // node:test runs nothing when it believes to run within another node:test.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const output = execFileSync(process.execPath, [...args, file], { encoding: "utf8", env });
  const count = (name: string) => Number(new RegExp(`^# ${name} (\\d+)$`, "m").exec(output)?.[1]);
  const tests = [...collect(runSuitesOnFakes), ...collect(runPluginSuites)];
  const skipped = tests.filter(({ isSkipped }) => isSkipped).length;
  expect(count("fail")).toBe(0);
  expect(count("skipped")).toBe(skipped);
  expect(count("pass")).toBe(tests.length - skipped);
}, 60_000);
