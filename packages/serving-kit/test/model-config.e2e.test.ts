import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { endCommands, repository, start } from "./run-command.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serving-kit-model-config-"));
});
afterEach(() => {
  endCommands();
  rmSync(folder, { recursive: true, force: true });
});

/** Puts models with the given names into the config file. */
function configure(...names: string[]): string {
  const base_path = join(repository, "examples/models/digits");
  const config = names.map((name) => ({ name, base_path, batching: { max_batch_size: 8 } }));
  const path = join(folder, "models.json");
  writeFileSync(path, JSON.stringify({ model_config_list: { config } }));
  return path;
}

async function namesAt(url: string): Promise<string[]> {
  const { models } = (await (await fetch(url)).json()) as { models: { name: string }[] };
  return models.map(({ name }) => name);
}

it("reloads its models at SIGHUP and when the file has changed, and keeps them when it is wrong", async () => {
  const { child, output, ended, said } = start(
    "--port=0",
    "--rest_api_port=any",
    `--model_config_file=${configure("a")}`,
    "--model_config_file_poll_wait_seconds=1",
  );
  const url = (await said(/http:\/\/localhost:\d+\/v1\/models(?=\/a)/)).replace(
    "localhost",
    "127.0.0.1",
  );
  expect(await namesAt(url)).toEqual(["a"]);

  configure("a", "b");
  child.kill("SIGHUP");
  await said(/2 of 2 models are as configured/);
  expect(await namesAt(url)).toEqual(["a", "b"]);

  writeFileSync(join(folder, "models.json"), "{");
  await expect.poll(() => output.stderr).toMatch(/the models stay as they are/);
  expect(await namesAt(url)).toEqual(["a", "b"]);

  configure("c");
  await said(/1 of 1 models are as configured/);
  expect(await namesAt(url)).toEqual(["c"]);
  expect(output.stderr.match(/the models stay as they are/g)).toHaveLength(1);

  child.kill("SIGTERM");
  expect(await ended).toBe(0);
});

it("starts with an empty file, and serves what is written into it, by TF Serving's names", async () => {
  const path = join(folder, "models.config");
  writeFileSync(path, "# nothing yet\n");
  const { child, output, ended, said } = start(
    "/usr/bin/tf_serving_entrypoint.sh",
    "--port=0",
    "--rest_api_port=any",
    `--model_config_file=${path}`,
    "--model_config_file_poll_wait_seconds=1",
  );
  const [, port] =
    /(\d+) \.\.\.$/.exec(await said(/Exporting HTTP\/REST API at:localhost:\d+ \.\.\./)) ?? [];
  const url = `http://127.0.0.1:${port}/v1/models`;
  expect(await namesAt(url)).toEqual([]);
  expect(output.stdout).toContain(`${path}: Taking no action for empty config.\n`);

  writeFileSync(path, 'model_config_list { config { name: "a" num_batch_threads { value: 1 } } }');
  await expect.poll(() => output.stderr).toContain(`Invalid protobuf file: '${path}': `);
  expect(output.stderr).toContain("num_batch_threads belongs in batching { … }");
  expect(output.stderr).toContain(
    "Error parsing text-format tensorflow.serving.ModelServerConfig: ",
  );

  const digits = join(repository, "examples/models/digits");
  writeFileSync(path, `model_config_list { config { name: "a/b" base_path: "${digits}" } }`);
  await said(/1 of 1 models are as configured/);
  expect(await namesAt(url)).toEqual(["a/b"]);
  expect((await fetch(`${url}/a%2Fb`)).status).toBe(200);

  child.kill("SIGTERM");
  expect(await ended).toBe(0);
});
