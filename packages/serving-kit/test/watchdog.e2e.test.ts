import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { endCommands, start } from "./run-command.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serving-kit-watchdog-"));
});
afterEach(() => {
  endCommands();
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

/** A config file of a model that blocks its event loop for good, when it is loaded or when it is called. */
function blockingModel(when: "load" | "predict"): string {
  const module = write(
    "blocking.mjs",
    `import { writeFileSync } from "node:fs";
    const specs = new Map([["x", { dtype: "float32", shape: [-1] }]]);
    const block = (when) => {
      if (when !== "${when}") return;
      writeFileSync(${JSON.stringify(join(folder, "blocked"))}, "");
      for (;;);
    };
    export async function load() {
      block("load");
      return {
        signatures: new Map([["serving_default", { inputs: specs, outputs: specs }]]),
        batchable: false,
        predict: async (inputs) => (block("predict"), inputs),
      };
    }`,
  );
  write("weights", "1");
  return write(
    "models.config",
    `model_config_list { config { name: "blocking" base_path: "${folder}/weights" model_platform: "custom"
      custom_model_config { module_path: "${module}" model_class_name: "load" } } }`,
  );
}

/** Starts the command and resolves when its event loop is blocked. */
async function startBlocked(when: "load" | "predict", ...flags: string[]) {
  const config = `--model_config_file=${blockingModel(when)}`;
  const command = start(config, "--port=0", "--rest_api_port=any", "--host=127.0.0.1", ...flags);
  if (when === "predict") {
    const said = await command.said(/serving blocking at .*:\d+/);
    const url = `http://127.0.0.1:${/\d+$/.exec(said)}/v1/models/blocking:predict`;
    void fetch(url, { method: "POST", body: '{"inputs":[1]}' }).catch(() => {});
  }
  await expect.poll(() => existsSync(join(folder, "blocked"))).toBe(true);
  return command;
}

const WORDS = /aborting remaining work after 200 ms \(--shutdown_deadline_in_ms\)/;

describe("a command whose event loop is blocked", () => {
  it.each(["load", "predict"] as const)(
    "ends after SIGTERM and the deadline with the code 0 and its words, blocked by %s",
    async (when) => {
      const { child, ended, output } = await startBlocked(when, "--shutdown_deadline_in_ms=200");
      child.kill("SIGTERM");
      expect(await ended).toBe(0);
      expect(output.stderr).toMatch(WORDS);
    },
  );

  it("writes its words as JSON if its log is JSON", async () => {
    const { child, ended, output } = await startBlocked(
      "predict",
      "--shutdown_deadline_in_ms=200",
      "--log_format=json",
    );
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    const last = JSON.parse(output.stdout.trim().split("\n").at(-1) ?? "");
    expect(last).toMatchObject({ level: "warn", msg: expect.stringMatching(WORDS) });
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("ends at a second %s with the code %d", async (signal, code) => {
    const { child, ended } = await startBlocked("predict", "--shutdown_deadline_in_ms=600000");
    child.kill("SIGTERM");
    let hasEnded = false;
    void ended.then(() => {
      hasEnded = true;
    });
    const signalAgain = () => {
      child.kill(signal);
      return hasEnded;
    };
    await expect.poll(signalAgain).toBe(true);
    expect(await ended).toBe(code);
  });
});

it("a command that is not blocked exits as before, with one line", async () => {
  const config = `--model_config_file=${blockingModel("predict")}`;
  const command = start(config, "--port=0", "--rest_api_port=any", "--lame_duck_in_ms=0");
  const said = await command.said(/serving blocking at .*:\d+/);
  const live = `http://127.0.0.1:${/\d+$/.exec(said)}/v1/health/live`;
  await new Promise((resolve) => get(live, (response) => response.resume().on("end", resolve)));
  command.child.kill("SIGTERM");
  expect(await command.ended).toBe(0);
  expect(command.output.stdout).toContain("stopped: all requests answered, all models unloaded");
  expect(command.output.stderr).toBe("");
});
