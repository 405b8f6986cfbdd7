import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { endCommands, repository, start } from "./run-command.js";

const digits = join(repository, "examples/models/digits");
const [sample] = JSON.parse(readFileSync(join(digits, "samples.json"), "utf8"));

afterEach(endCommands);

const predict = (url: string) =>
  fetch(`${url}:predict`, { method: "POST", body: JSON.stringify({ instances: [sample.image] }) });

async function expectPrediction(url: string) {
  const response = await predict(url);
  expect(response.status).toBe(200);
  const { predictions } = (await response.json()) as { predictions: number[][] };
  for (const [i, p] of sample.probabilities.entries()) {
    expect(predictions[0]?.[i]).toBeCloseTo(p, 5);
  }
}

describe("serving-kit --model_base_path", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "serves the model, and %s drains and ends with 0",
    async (signal) => {
      const command = start(
        "--model_name=digits",
        "--model_base_path",
        digits,
        "--rest_api_port=any",
        "--port=0",
      );
      const url = await command.said(/http:\S+\/v1\/models\/digits/);
      await expectPrediction(url);
      command.child.kill(signal);
      expect(await command.ended).toBe(0);
      expect(command.output.stdout).toContain(`${signal}: finishing the requests in flight`);
      await expect(predict(url)).rejects.toThrow();
    },
  );

  it.runIf(process.platform === "linux")(
    "opens no libtensorflow for a .tflite model (skipped: reads /proc, which is Linux's)",
    async () => {
      const command = start(`--model_base_path=${digits}`, "--rest_api_port=any", "--port=0");
      await command.said(/http:\S+\/v1\/models\/default/);
      const maps = readFileSync(`/proc/${command.child.pid}/maps`, "utf8");
      expect(maps).toMatch(/lib(jni)?tensorflowlite/);
      expect(maps).not.toMatch(/libtensorflow(_cc|_framework)?\.so/);
    },
  );

  it("names the flag when the port is taken", async () => {
    const other = createServer().listen(0);
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const command = start(`--model_base_path=${digits}`, `--rest_api_port=${port}`, "--port=0");
    expect(await command.ended).toBe(1);
    expect(command.output.stderr).toContain(
      `serving-kit: --rest_api_port: port ${port} is already in use; set another port`,
    );
    other.close();
  });
});

it.each([
  ["--rest_api_port=0", "--port=any"],
  ["--rest_api_port=any", "--port=0"],
])("names --host when it is not an address of this machine: %s %s", async (...ports) => {
  const command = start(`--model_base_path=${digits}`, ...ports, "--host=192.0.2.1");
  expect(await command.ended).toBe(1);
  expect(command.output.stderr).toMatch(
    /^serving-kit: --host: expected an address of this machine.*192\.0\.2\.1.*\n$/,
  );
});

it("names flags when a model cannot be served", async () => {
  const command = start(
    `--model_base_path=${digits}/savedmodel`,
    "--saved_model_tags=no",
    "--port=0",
  );
  expect(await command.ended).toBe(1);
  const { stderr } = command.output;
  expect(stderr).toContain("it has serve. Pass its tags in --saved_model_tags\n");
  expect(stderr).toMatch(/^serving-kit: .*; fix the models, or set --start_up_policy=none$/m);
});

it.each(["rest_api_socket_path", "grpc_socket_path"])("names --%s if no socket", async (flag) => {
  const path = join(digits, "samples.json");
  const command = start(`--model_base_path=${digits}`, `--${flag}=${path}`, "--port=0");
  expect(await command.ended).toBe(1);
  expect(command.output.stderr).toContain(`serving-kit: --${flag}: expected a socket or an unused`);
});

describe("serving-kit --model_config_file", () => {
  it("serves every model of the file, batched or not", async () => {
    const models = [
      `config { name: "first" base_path: "${digits}" }`,
      `config { name: "second" base_path: "${digits}/alternate" model_platform: "tflite" }`,
    ];
    const folder = mkdtempSync(join(tmpdir(), "serving-kit-command-"));
    const file = join(folder, "models.config");
    writeFileSync(file, `model_config_list {\n${models.join("\n")}\n}\n`);
    const batching = join(folder, "batching.json");
    writeFileSync(batching, '{ "max_batch_size": 8, "num_batch_threads": 2 }');
    const command = start(
      `--model_config_file=${file}`,
      "--rest_api_port=any",
      "--port=0",
      "--enable_batching",
      `--batching_parameters_file=${batching}`,
    );
    const second = await command.said(/http:\S+\/v1\/models\/second/);
    await expectPrediction(second.replace("second", "first"));
    const status = await (await fetch(second)).json();
    expect(status).toMatchObject({ model_version_status: [{ version: "2", state: "AVAILABLE" }] });
    rmSync(folder, { recursive: true });
  });
});
