import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../workspace.mjs";
import { bare, models, ports } from "./checks.js";
import type { Engine } from "./engine.js";
import { withRegistries } from "./registries.js";
import { digitOf, eventually, get, predict, samples, send } from "./requests.js";

const tests = join(root, "packages/servable-python/test");

/** The Dockerfile of a module for TF Serving's image with two changes: our base, and its configuration copied too. */
function moduleDockerfile(base: string): string {
  const text = readFileSync(join(tests, "seed/Dockerfile"), "utf8");
  const from = /^FROM .*$/m;
  const copy = "COPY model_wrapper.py /models/model_wrapper.py\n";
  assert.ok(from.test(text) && text.includes(copy));
  return text
    .replace(from, `FROM ${base}`)
    .replace(copy, `${copy}COPY model_config.conf /models/model_config.conf\n`);
}

/** An image that derives from the one with Python serves a module as people have it, and not as root. */
export async function checkPythonModule(
  engine: Engine,
  image: string,
  folder: string,
  buildArguments: readonly string[],
): Promise<string> {
  const context = join(folder, "python-module");
  mkdirSync(context);
  for (const file of ["model_wrapper.py", "model_config.conf"]) {
    cpSync(join(tests, "seed", file), join(context, file));
  }
  cpSync(join(models, "digits/1/model.tflite"), join(context, "model.tflite"));
  const base = await withRegistries(engine, image, folder);
  writeFileSync(join(context, "Dockerfile"), moduleDockerfile(base));
  const derived = `${image}-module`;
  await engine.build(derived, ...buildArguments, context);
  const container = await engine.start(...ports, derived);
  const port = await container.port(8501);
  const [sample] = samples;
  assert.ok(sample);
  const [scores = []] = await eventually(() =>
    predict<number[]>(port, "/v1/models/tflite_model", [sample.image]),
  );
  assert.equal(digitOf(scores), sample.label);
  assert.match(
    await container.exec("cat", "/proc/1/status"),
    /^Name:\tnode\n[\s\S]*^Uid:\t10001\t/m,
  );
  assert.equal(await container.stop(), 0);
  const other = await engine.start("--user=12345:0", ...ports, derived);
  await eventually(async () => get(await other.port(8501), "/v1/models/tflite_model"));
  assert.equal(await other.stop(), 0);
  return "its module answers by tflite-runtime, as user 10001, and as the user that the engine names";
}

const CRASHES = 20;

/** Crashes of workers with grandchildren leave no zombie, though Node is process 1 and reaps none. */
export async function checkPythonCrashes(
  engine: Engine,
  image: string,
  folder: string,
): Promise<string> {
  const config = join(folder, "crashes.conf");
  writeFileSync(
    config,
    `model_config_list { config { name: "m" base_path: "/modules" model_platform: "custom"
       custom_model_config { module_path: "/modules/crashes.py" model_class_name: "load_servable" } } }`,
  );
  const mounts = [`--volume=${tests}/modules:/modules:ro`, `--volume=${config}:/crashes.conf:ro`];
  const flag = "--model_config_file=/crashes.conf";
  // Without rights, the entry point cannot become this user.
  const refused = await engine.start(...bare, image, flag);
  assert.equal(await refused.exitCode(), 1);
  assert.match(await refused.logs(), /run it as that user: --user=10001:10001/);
  const user = "--user=10001:10001";
  const container = await engine.start(...bare, user, ...ports, ...mounts, image, flag);
  const port = await container.port(8501);
  const ask = (action: string) =>
    send(port, "/v1/models/m:predict", "POST", JSON.stringify({ do: action }));
  await eventually(() => ask("neighbour"));
  for (let i = 0; i < CRASHES; i++) {
    await assert.rejects(ask("grandchild, then segfault"), /503 .*SIGSEGV/);
    await ask("neighbour");
  }
  await eventually(async () => {
    const states = await container.exec("sh", "-c", "cat /proc/[0-9]*/stat 2>/dev/null");
    const names = states.split("\n").map((line) => line.replace(/^\d+ \((.*)\) (\S).*$/, "$1 $2"));
    assert.deepEqual(
      names.filter((name) => / Z$/.test(name) || /^sleep /.test(name)),
      [],
    );
  });
  assert.equal(await container.stop(), 0);
  return `${CRASHES} crashes with grandchildren leave no process and no zombie`;
}
