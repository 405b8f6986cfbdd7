// @ts-nocheck Not yet in TypeScript.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { sourceFlags } from "../source-flags.mjs";
import { root } from "../workspace.mjs";

/** The memory of the child process: a cgroup if one can be made, else V8's heap. */
const LIMIT_MB = 2_048;
const HEAP_MB = 1_024;

const modulePath = join(root, "scripts/attack/models.mjs");

/** A model of a module in JavaScript, as a model config file has it. */
export const custom = (name, path, options) => ({
  name,
  base_path: path,
  model_platform: "custom",
  custom_model_config: { module_path: path, options },
});

const MODELS = [
  { name: "digits", base_path: join(root, "examples/models/digits") },
  ...["zeros", "floats", "strings"].map((kind) => custom(kind, modulePath, { kind })),
];

/**
 * Starts the command in a child process with little memory, with small models, further ones, and the `echo` protocol.
 *
 * `probe()` answers how long a health probe waited, in ms. `memory()` is its resident memory in MB, now and at its peak
 * since `resetPeak()`. `collect()` collects garbage and resolves with heap and external memory in MB. `stop()` ends it
 * and resolves with its exit code.
 */
export async function startVictim({ flags = [], models = [] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "serving-kit-attack-"));
  const configFile = join(folder, "models.json");
  const config = { model_config_list: { config: [...MODELS, ...models] } };
  writeFileSync(configFile, JSON.stringify(config));
  const group = makeGroup();
  const collector = pathToFileURL(join(root, "scripts/attack/collector.mjs")).href;
  const program = [
    ...sourceFlags,
    ...[`--max-old-space-size=${HEAP_MB}`, "--expose-gc", `--import=${collector}`],
    join(root, "packages/serving-kit/src/bin.ts"),
    ...["--rest_api_port=any", "--port=any", "--host=127.0.0.1", "--lame_duck_in_ms=0"],
    ...[`--state_dir=${folder}`, `--model_roots=${folder}`],
    `--model_config_file=${configFile}`,
    `--plugins=${["examples/echo-protocol/echo.ts", "scripts/attack/loop-collector.mjs"].map((file) => join(root, file))}`,
    ...flags,
  ];
  const stdio = ["ignore", "pipe", "pipe", "ipc"];
  const child = spawn(process.execPath, program, { cwd: root, stdio });
  if (group !== undefined) writeFileSync(join(group, "cgroup.procs"), String(child.pid));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output = (output + text).slice(-65_536);
    });
  }
  const closed = once(child, "close").then(([code, signal]) => code ?? signal);
  const said = async (pattern) => {
    while (!pattern.test(output)) {
      await Promise.race([once(child.stdout, "data"), closed]);
      if (child.exitCode !== null) throw new Error(`the server ended: ${output}`);
    }
    return Number(pattern.exec(output)[1]);
  };
  const [rest, grpc] = [await said(/serving REST at \S+:(\d+)/), await said(/gRPC at \S+:(\d+)/)];
  await until(() => isReady(rest));
  return {
    ...{ rest, grpc, pid: child.pid, folder },
    limit: group === undefined ? `heap ${HEAP_MB} MB` : `cgroup ${LIMIT_MB} MB`,
    get isAlive() {
      return child.exitCode === null && child.signalCode === null;
    },
    output: () => output,
    probe: () => probe(rest),
    memory: () => memoryOf(child.pid),
    resetPeak: () => writeFileSync(`/proc/${child.pid}/clear_refs`, "5"),
    async collect() {
      const answer = once(child, "message");
      child.send("collect");
      return (await Promise.race([answer, closed.then(() => [Number.NaN])]))[0];
    },
    async stop() {
      child.kill("SIGTERM");
      const code = await closed;
      if (group !== undefined) rmdirSync(group);
      rmSync(folder, { recursive: true });
      return code;
    },
  };
}

/** Makes a cgroup with a limit of memory; undefined where that is not possible. */
function makeGroup() {
  const group = `/sys/fs/cgroup/serving-kit-attack-${process.pid}-${Date.now()}`;
  try {
    mkdirSync(group);
    // A folder that is not a cgroup has no such file.
    if (!existsSync(join(group, "memory.max"))) throw new Error("no cgroup");
    writeFileSync(join(group, "memory.max"), String(LIMIT_MB * 2 ** 20));
    return group;
  } catch {
    try {
      rmdirSync(group);
    } catch {}
    return undefined;
  }
}

const ask = (port, path) =>
  new Promise((resolve, reject) => {
    get({ port, host: "127.0.0.1", path, agent: false }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode));
    }).once("error", reject);
  });

/** Returns the time in ms that a health probe waited. */
async function probe(port) {
  const startedAt = performance.now();
  await ask(port, "/v1/health/live");
  return performance.now() - startedAt;
}

const isReady = async (port) => (await ask(port, "/v1/health/ready")) === 200;

async function until(condition) {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Resident memory now and its peak, in MB. */
function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const of = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) / 1024;
  return { now: of("VmRSS"), peak: of("VmHWM") };
}
