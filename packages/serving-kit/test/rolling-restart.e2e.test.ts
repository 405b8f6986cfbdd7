import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Caller, Load, restCaller } from "../../server/test/load.js";
import { freePort } from "./free-port.js";
import { endCommands, repository, start } from "./run-command.js";

const hasHaproxy = spawnSync("haproxy", ["-v"]).status === 0;
const RESTARTS = 20;
const CALLERS = 8;
const PAUSE_MS = 20;
/** Servers that are restarted in turn, by two who do it at the same time; the last has two event loops. */
const TURNS = [
  ["a", "b"],
  ["c", "d"],
];
const NAMES: readonly string[] = TURNS.flat();

const digits = join(repository, "examples/models/digits");
const [sample] = JSON.parse(readFileSync(join(digits, "samples.json"), "utf8"));

let folder: string;
let haproxy: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serving-kit-rolling-"));
});
afterEach(() => {
  haproxy?.kill("SIGKILL");
  endCommands();
  rmSync(folder, { recursive: true, force: true });
});

/** Returns HAProxy's status of each server: "UP", "DOWN", … */
async function statuses(): Promise<ReadonlyMap<string, string>> {
  const socket = connect(join(folder, "stats.sock"));
  socket.end("show stat\n");
  let table = "";
  for await (const chunk of socket.setEncoding("utf8")) table += chunk;
  const rows = table.split("\n").map((line) => line.split(","));
  return new Map(rows.map((cells) => [cells[1] ?? "", cells[17] ?? ""]));
}

/** A client that asks, and comes back a little later: what is proved needs no more than that. */
function pacedCaller(url: string, body: string): Caller {
  const ask = restCaller(url, body);
  const paced = async () => {
    const ended = await ask();
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    return ended;
  };
  return Object.assign(paced, { [Symbol.dispose]: () => ask[Symbol.dispose]?.() });
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50));
}

const isUp = async (name: string) => /^UP/.test((await statuses()).get(name) ?? "");

function configuration(port: number, ports: readonly number[]): string {
  const servers = NAMES.map((name, i) => `  server ${name} 127.0.0.1:${ports[i]} check`);
  return `
global
  log stdout format raw local0
  stats socket ${join(folder, "stats.sock")}
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout check 10s
  log global
  option httplog
  option dontlog-normal
  retries 0
  option httpchk GET /v1/health/ready
  default-server inter 200ms fall 1 rise 1
frontend clients
  bind 127.0.0.1:${port}
  default_backend models
backend models
  balance roundrobin
${servers.join("\n")}
`;
}

it.skipIf(!hasHaproxy)(
  `fails no request of clients behind HAProxy without retries, over ${RESTARTS} restarts (skipped: needs haproxy)`,
  async () => {
    const port = await freePort();
    const ports = await Promise.all(NAMES.map(freePort));
    const serve = async (name: string) => {
      const i = NAMES.indexOf(name);
      const command = start(
        "--model_name=digits",
        `--model_base_path=${digits}`,
        "--port=0",
        `--rest_api_port=${ports[i]}`,
        `--http_threads=${i === NAMES.length - 1 ? 2 : 1}`,
      );
      await command.said(/serving digits at/);
      return command;
    };
    const commands = new Map(
      await Promise.all(NAMES.map(async (name) => [name, await serve(name)] as const)),
    );
    const file = join(folder, "haproxy.cfg");
    writeFileSync(file, configuration(port, ports));
    haproxy = spawn("haproxy", ["-db", "-f", file], { stdio: ["ignore", "pipe", "ignore"] });
    // Its lines of requests that failed, which tell where.
    let log = "";
    haproxy.stdout?.setEncoding("utf8").on("data", (text) => {
      log += text;
    });
    await until(async () => {
      const up = await Promise.all(NAMES.map(isUp)).catch(() => [false]);
      return up.every(Boolean);
    });

    const url = `http://127.0.0.1:${port}/v1/models/digits:predict`;
    const body = JSON.stringify({ instances: [sample.image] });
    await using load = new Load(Array.from({ length: CALLERS }, () => pacedCaller(url, body)));
    const restart = async (name: string) => {
      await load.more(50);
      const command = commands.get(name);
      command?.child.kill("SIGTERM");
      expect(await command?.ended).toBe(0);
      commands.set(name, await serve(name));
      await until(() => isUp(name));
    };
    await Promise.all(
      TURNS.map(async (names) => {
        for (let i = 0; i < RESTARTS / TURNS.length; i++) {
          await restart(names[i % names.length] as string);
        }
      }),
    );
    await load.stop();
    expect([load.ends, log.match(/^127\.0\.0\.1:\d+ .*$/gm)]).toEqual([["ok"], null]);
  },
  600_000,
);
