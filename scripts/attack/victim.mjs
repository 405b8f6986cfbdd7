import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { sourceFlags } from "../source-flags.mjs";
import { root } from "../workspace.mjs";

/** The memory of the child process: a cgroup if one can be made, else V8's heap and the address space. */
const LIMIT_MB = 2_048;
const HEAP_MB = 1_024;

/**
 * Starts the command in a child process with little memory, with the digits model and the `echo` protocol.
 *
 * `probe()` answers how long a health probe waited, in ms; `memory()` its resident memory and `resetPeak()` starts the
 * count of its peak again; `stop()` ends it and resolves with its exit code.
 */
export async function startVictim(...flags) {
  const group = makeGroup();
  const program = [
    ...sourceFlags,
    `--max-old-space-size=${HEAP_MB}`,
    "--expose-gc",
    join(root, "packages/serving-kit/src/bin.ts"),
    ...["--rest_api_port=any", "--port=any", "--host=127.0.0.1", "--model_name=digits"],
    `--model_base_path=${join(root, "examples/models/digits")}`,
    `--plugins=${join(root, "examples/echo-protocol/echo.ts")}`,
    ...flags,
  ];
  const child = spawn(process.execPath, program, { cwd: root });
  if (group !== undefined) writeFileSync(join(group, "cgroup.procs"), String(child.pid));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output = (output + text).slice(-65_536);
    });
  }
  const closed = once(child, "close").then(([code, signal]) => code ?? signal);
  const portOf = async (kind) => {
    const pattern = new RegExp(`serving ${kind} at \\S+:(\\d+)`);
    while (!pattern.test(output)) {
      await Promise.race([once(child.stdout, "data"), closed]);
      if (child.exitCode !== null) throw new Error(`the server ended: ${output}`);
    }
    return Number(pattern.exec(output)[1]);
  };
  const [rest, grpc] = [await portOf("REST"), await portOf("gRPC")];
  while (!/serving digits/.test(output)) await once(child.stdout, "data");
  return {
    ...{ rest, grpc, pid: child.pid },
    limit: group === undefined ? `heap ${HEAP_MB} MB` : `cgroup ${LIMIT_MB} MB`,
    get isAlive() {
      return child.exitCode === null && child.signalCode === null;
    },
    output: () => output,
    probe: () => probe(rest),
    memory: () => memoryOf(child.pid),
    resetPeak: () => writeFileSync(`/proc/${child.pid}/clear_refs`, "5"),
    async stop() {
      child.kill("SIGTERM");
      const code = await closed;
      if (group !== undefined) rmdirSync(group);
      return code;
    },
  };
}

/** Makes a cgroup with a limit of memory; undefined where that is not possible. */
function makeGroup() {
  const group = `/sys/fs/cgroup/serving-kit-attack-${process.pid}-${Date.now()}`;
  try {
    mkdirSync(group);
    // A folder that is no cgroup has no such file.
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

function probe(port) {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    get({ port, host: "127.0.0.1", path: "/v1/health/live", agent: false }, (response) => {
      response.resume().once("end", () => resolve(performance.now() - startedAt));
    }).once("error", reject);
  });
}

/** Resident memory now and its peak, in MB. */
function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const of = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) / 1024;
  return { now: of("VmRSS"), peak: of("VmHWM") };
}
