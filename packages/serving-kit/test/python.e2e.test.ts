import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { endCommands, repository, start } from "./run-command.js";

const interpreter = process.env.SERVING_KIT_PYTHON ?? "/usr/bin/python3";
const files = join(repository, "packages/servable-python/test");
const digits = join(repository, "examples/models/digits");
const [sample] = JSON.parse(readFileSync(join(digits, "samples.json"), "utf8"));
const flags = [
  "--rest_api_port=any",
  "--port=0",
  "--host=127.0.0.1",
  `--python_interpreter=${interpreter}`,
];

/** Returns whether the interpreter runs a program without an error. */
function runs(program: string): boolean {
  try {
    execFileSync(interpreter, ["-I", "-c", program], { stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
}

const hasPython = runs("import sys; assert sys.version_info >= (3, 9)");
const runsTflite =
  hasPython &&
  runs(
    "import numpy\nfrom importlib.util import find_spec as find\n" +
      "assert any(map(find, ['tensorflow', 'ai_edge_litert', 'tflite_runtime']))",
  );
// The configuration names /models, which only root can make, and which must not be anyone's.
const ownsModels = process.getuid?.() === 0 && !existsSync("/models");

afterEach(endCommands);

/** Makes files and folders look as if they had been there for long: a version that is being copied is waited for. */
function age(...paths: string[]): void {
  for (const path of paths) utimesSync(path, 1, 1);
}

async function predict(port: string | undefined, model: string, body: object) {
  const url = `http://127.0.0.1:${port}/v1/models/${model}:predict`;
  const headers = { connection: "close" };
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body), headers });
  return { status: response.status, body: await response.json() };
}

it.skipIf(!runsTflite || !ownsModels)(
  "a module for TF Serving and its configuration, byte for byte (skipped: needs root and a Python that runs .tflite models)",
  async () => {
    mkdirSync("/models");
    try {
      for (const name of ["model_wrapper.py", "model_config.conf"]) {
        cpSync(join(files, "seed", name), join("/models", name));
      }
      cpSync(join(digits, "1/model.tflite"), "/models/model.tflite");
      const names = ["model_wrapper.py", "model_config.conf", "model.tflite"];
      age(...names.map((name) => join("/models", name)), "/models");
      const config = "--model_config_file=/models/model_config.conf";
      const { child, ended, said } = start("/usr/bin/tf_serving_entrypoint", config, ...flags);
      const [port] = /\d+(?=\/v1)/.exec(await said(/serving tflite_model at .*\/v1/)) ?? [];
      const { status, body } = await predict(port, "tflite_model", { instances: [sample.image] });
      const [scores = []] = (body as { predictions: number[][] }).predictions;
      expect([status, scores.indexOf(Math.max(...scores))]).toEqual([200, sample.label]);
      expect(await predict(port, "tflite_model", { instances: [1] })).toMatchObject({
        status: 400,
        body: { error: expect.stringMatching(/./) },
      });
      child.kill("SIGTERM");
      expect(await ended).toBe(0);
    } finally {
      rmSync("/models", { recursive: true });
    }
  },
  120_000,
);

it.skipIf(!hasPython)(
  "a folder with model.py is a model with --python, or by its platform; settings reach the processes",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "serving-kit-python-"));
    try {
      mkdirSync(join(folder, "m/1"), { recursive: true });
      const program = [
        "import json, os",
        "def load_servable(path, config):",
        "    return lambda body: json.dumps({'predictions': [os.environ['WHO'], config['name']]}).encode()",
      ];
      writeFileSync(join(folder, "m/1/model.py"), program.join("\n"));
      age(join(folder, "m/1/model.py"), join(folder, "m/1"), join(folder, "m"));
      const config = join(folder, "models.conf");
      const write = (platform: string) =>
        writeFileSync(
          config,
          `model_config_list { config { name: "m" base_path: "m" ${platform}
             python { workers: 1 env { key: "WHO" value: "worker {worker}" } } } }`,
        );
      for (const [platform, ...more] of [["", "--python"], ['model_platform: "python"']]) {
        write(platform as string);
        const { child, ended, said } = start(`--model_config_file=${config}`, ...more, ...flags);
        const [port] = /\d+(?=\/v1)/.exec(await said(/serving m at .*\/v1/)) ?? [];
        expect((await predict(port, "m", {})).body).toEqual({ predictions: ["worker 0", "m"] });
        child.kill("SIGTERM");
        expect(await ended).toBe(0);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  120_000,
);
