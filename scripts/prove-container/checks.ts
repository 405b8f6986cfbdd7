import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../workspace.mjs";
import { readCompose } from "./compose.js";
import type { Engine } from "./engine.js";
import { eventually, get, grpcHealth, predict, recognizedDigits } from "./requests.js";

const SERVING = 1;
export const models = join(root, "examples/models");
export const ports = ["--publish=127.0.0.1::8500", "--publish=127.0.0.1::8501"];
/** The rights of a container in a careful deployment. */
export const bare = ["--read-only", "--cap-drop=all", "--security-opt=no-new-privileges"];
const digits = ["--env=MODEL_NAME=digits", `--volume=${models}/digits:/models/digits:ro`];
/** A number of bytes, in words. */
export const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;

/** Rejects unless 9 of 10 digits are recognized. Resolves with how many, in words. */
export async function expectDigits(port: number, path?: string): Promise<string> {
  const { right, of } = await eventually(() => recognizedDigits(port, path));
  assert.ok(right >= 0.9 * of, `${right} of ${of} digits recognized`);
  return `${right} of ${of} digits recognized over REST`;
}

/** The image says how it is run. */
export async function checkConfig(engine: Engine, image: string): Promise<string> {
  const config = await engine.configOf(image);
  assert.match(config.User, /^[1-9]\d*:[1-9]\d*$/);
  assert.deepEqual(Object.keys(config.ExposedPorts), ["8500/tcp", "8501/tcp"]);
  assert.deepEqual(config.Entrypoint, ["node", "/app/dist/bin.js"]);
  assert.equal(config.StopSignal, "SIGTERM");
  assert.equal(config.Healthcheck.Test[0], "CMD");
  assert.ok(config.Env.includes("MODEL_NAME=model"));
  return `user ${config.User}, ports 8500 and 8501, ${megabytes(config.Size)}`;
}

/** Only what it takes to serve is in the image, and nothing of the build. */
export async function checkContent(
  engine: Engine,
  image: string,
  libraries: readonly string[],
): Promise<string> {
  const run = ["run", "--rm", "--network=none", "--user=0", "--entrypoint=sh", image, "-c"];
  const sh = (script: string) => engine.must(...run, script);
  const expectNothing = async (script: string) => assert.equal(await sh(script), "", script);
  await expectNothing("which npm npx corepack yarn python3 pip cc git; true");
  await expectNothing("find / -xdev -name .npmrc -o -name pip.conf -o -name certificates.pem");
  await expectNothing(
    "find /workspace /root /app/node_modules/.pnpm -type f ! -name .bashrc ! -name .profile 2>/dev/null; true",
  );
  await expectNothing("find /app -name '*.map' -o -name '*.d.ts' -o -path '*/@serving-kit/*/src'");
  await expectNothing(
    "ls /app/node_modules | grep -xE 'tsup|typescript|vitest|esbuild|biome'; true",
  );
  await expectNothing("find /app /opt /models -writable -user 10001 -o -perm -002 ! -type l");
  assert.equal(await sh("ls /opt/tensorflow 2>/dev/null; true"), libraries.join("\n"));
  return `${megabytes(1024 * Number(await sh("du -sk /app | cut -f1")))} below /app`;
}

/** libtensorflow was built with CUDA, and each library that it opens on a GPU is in the image, except the driver's. */
export async function checkGpuLibraries(engine: Engine, image: string): Promise<string> {
  const run = ["run", "--rm", "--network=none", "--entrypoint=sh", image, "-c"];
  const sh = (script: string) => engine.must(...run, script);
  const names = (await sh("ls /opt/tensorflow/nvidia")).split("\n");
  for (const wanted of ["cudart", "cublas", "cublasLt", "cudnn", "cufft", "cusolver", "cusparse"]) {
    assert.ok(
      names.some((name) => name.startsWith(`lib${wanted}.so.`)),
      `lib${wanted} is not in ${names.join(" ")}`,
    );
  }
  // Libraries that others need and that the image lacks. The driver, libcuda, comes from the host.
  const list = "ldd /opt/tensorflow/*.so.2 /opt/tensorflow/nvidia/* 2>/dev/null | grep 'not found'";
  const missing = (await sh(`${list} | grep -v libcuda.so.1 | sort -u; true`)).trim();
  assert.equal(missing, "");
  const size = Number(await sh("du -sk /opt/tensorflow | cut -f1"));
  return `${names.length} files in /opt/tensorflow/nvidia; ${megabytes(1024 * size)} below /opt/tensorflow`;
}

/** Starts as TF Serving's image is started, answers, and ends by the stop signal. */
export async function checkServing(engine: Engine, image: string): Promise<string> {
  const container = await engine.start(...bare, ...ports, ...digits, image);
  const answer = await expectDigits(await container.port(8501));
  assert.equal(await grpcHealth(await container.port(8500)), SERVING);
  assert.equal(await container.health(), 0);
  // The processes by name are node and this command.
  const names = await container.exec("sh", "-c", "cat /proc/[0-9]*/comm");
  assert.deepEqual(names.split("\n"), ["node", "sh"]);
  assert.equal(await container.exec("cat", "/proc/1/task/1/children"), "");
  const startedAt = performance.now();
  assert.equal(await container.stop(), 0);
  const ms = Math.round(performance.now() - startedAt);
  return `${answer}, gRPC SERVING, HEALTHCHECK 0, node alone as process 1, exit code 0 ${ms} ms after SIGTERM`;
}

/** HEALTHCHECK can fail, what has no model says so, and any user may run it. */
export async function checkEdges(engine: Engine, image: string): Promise<string> {
  const elsewhere = await engine.start(...bare, ...digits, image, "--rest_api_port=9000");
  assert.equal(await elsewhere.health(), 1);
  assert.equal(await elsewhere.stop(), 0);
  const empty = await engine.start(...bare, image);
  assert.equal(await empty.exitCode(), 1);
  assert.match(await empty.logs(), /\/models\/model/);
  const other = await engine.start(
    ...bare,
    "--user=12345:0",
    ...ports,
    ...digits,
    image,
    "--http_threads=2",
  );
  await expectDigits(await other.port(8501));
  assert.equal(await other.stop(), 0);
  for (const program of [
    "/usr/bin/tf_serving_entrypoint",
    "/usr/bin/tf_serving_entrypoint.sh",
    "/usr/local/bin/tensorflow_model_server",
  ]) {
    // As a manifest for TF Serving's image has it: as the command, and in place of the entrypoint.
    const command = await engine.start(...bare, ...ports, ...digits, image, program, "--port=0");
    await expectDigits(await command.port(8501));
    assert.equal(await command.stop(), 0);
    const run = ["run", "--rm", `--entrypoint=${program}`, image, "--version"];
    assert.match(await engine.must(...run), /^serving-kit /);
  }
  return "HEALTHCHECK 1 where nobody listens, exit code 1 without a model, any user can run it, in two threads";
}

/** Arguments after the image's name reach the command; SIGTERM ends a load. */
export async function checkSavedModel(engine: Engine, image: string): Promise<string> {
  const mount = `--volume=${models}/digits/savedmodel:/anywhere/digits:ro`;
  const flags = [
    "--model_name=saved",
    "--model_base_path=/anywhere/digits",
    "--rest_api_port=9000",
  ];
  const args = [...bare, "--publish=127.0.0.1::9000", mount, image, ...flags];
  const container = await engine.start(...args);
  const answer = await expectDigits(await container.port(9000), "/v1/models/saved");
  assert.equal(await container.stop(), 0);
  const loading = await engine.start(...args);
  const port = await loading.port(9000);
  await eventually(() => get(port, "/v1/health/live"));
  assert.equal(await loading.stop(), 0);
  return `${answer}; exit code 0 when it is stopped while it loads`;
}

/** Serves a model of each kind that is built in besides `.tflite`, and has the locale that text models need. */
export async function checkBuiltIns(engine: Engine, image: string): Promise<string> {
  const normalizer = "packages/servable-onnx/test/models/normalizer.onnx";
  for (const [path, instances, expected] of [
    [normalizer, ["ABC"], ["abc"]],
    ["examples/xgboost-tabular/income", [[61, 45, 2]], 1],
    ["examples/lightgbm/prices", [[80, 3, 1]], 1],
  ] as const) {
    const mount = `--volume=${join(root, path)}:/anywhere/${path.split("/").at(-1)}:ro`;
    const flag = `--model_base_path=/anywhere/${path.split("/").at(-1)}`;
    const args = [...bare, ...ports, mount, image, "--model_name=one", flag];
    const container = await engine.start(...args);
    const port = await container.port(8501);
    const predictions = await eventually(() => predict(port, "/v1/models/one", instances));
    if (typeof expected === "number") assert.equal(predictions.length, expected);
    else assert.deepEqual(predictions, expected);
    assert.equal(await container.stop(), 0);
  }
  return "ONNX, XGBoost and LightGBM answer; the locale en_US.UTF-8 is there";
}

/** The response of the model status API. */
interface ModelStatus {
  readonly model_version_status: readonly { readonly version: string; readonly state: string }[];
}

/** Runs the service of examples/compose as it stands there, and edits its model config file. */
export async function checkCompose(engine: Engine, image: string, folder: string): Promise<string> {
  const copies = ["examples/compose", "examples/models/digits"];
  for (const path of copies) cpSync(join(root, path), join(folder, path), { recursive: true });
  const example = join(folder, "examples/compose");
  const { command, mounts } = readCompose(example);
  const volumes = mounts.map((mount) => `--volume=${mount}`);
  const container = await engine.start(...bare, ...ports, ...volumes, image, ...command);
  const port = await container.port(8501);
  await expectDigits(port, "/v1/models/digits/labels/stable");
  await expectDigits(port, "/v1/models/digits/labels/canary");
  const metrics = await get(port, "/monitoring/prometheus/metrics");
  assert.match(metrics, /request_count\{[^}]*status="OK"[^}]*\} 2/);

  const file = join(example, "config/models.config");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace("versions: 1\n", "").replace("value: 1", "value: 2"));
  await eventually(async () => {
    const { model_version_status }: ModelStatus = JSON.parse(await get(port, "/v1/models/digits"));
    const available = model_version_status.filter(({ state }) => state === "AVAILABLE");
    assert.deepEqual(
      available.map(({ version }) => version),
      ["2"],
    );
  });
  await expectDigits(port, "/v1/models/digits/labels/stable");
  assert.equal(await container.stop(), 0);
  return "both labels answer; the edited model config file moves one and unloads version 1";
}

/** A servable in a mounted folder, by module path, which imports a package of the image. */
export async function checkCustomPlatform(
  engine: Engine,
  image: string,
  folder: string,
): Promise<string> {
  const example = join(folder, "custom-platform");
  cpSync(join(root, "examples/custom-platform"), example, { recursive: true });
  const module = join(example, "my-servable.js");
  const text = readFileSync(module, "utf8");
  writeFileSync(module, `import { tensor } from "@serving-kit/inference";\n${text}`);
  const mount = `--volume=${example}:/anywhere:ro`;
  const flag = "--model_config_file=/anywhere/models.config";
  const container = await engine.start(
    ...bare,
    ...ports,
    "--workdir=/anywhere",
    mount,
    image,
    flag,
  );
  const port = await container.port(8501);
  const path = "/v1/models/fahrenheit";
  assert.deepEqual(await eventually(() => predict(port, path, [100])), [212]);
  assert.equal(await container.stop(), 0);
  return "100 °C are 212 °F";
}

/** An image with its own model, of the three lines of docs/operations.md, serves without a volume or flags. */
export async function checkOwnImage(
  engine: Engine,
  image: string,
  folder: string,
): Promise<string> {
  const [, lines = ""] =
    /### An image with your models[\s\S]*?```dockerfile\n([\s\S]*?)```/.exec(
      readFileSync(join(root, "docs/operations.md"), "utf8"),
    ) ?? [];
  cpSync(join(models, "digits"), join(folder, "digits"), { recursive: true });
  writeFileSync(join(folder, "Dockerfile"), lines.replace("FROM serving-kit", `FROM ${image}`));
  await engine.build("serving-kit-own", folder);
  const container = await engine.start(...bare, ...ports, "serving-kit-own");
  const answer = await expectDigits(await container.port(8501));
  assert.equal(await container.stop(), 0);
  return `${answer}, from an image of ${lines.trim().split("\n").length} lines`;
}
