import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { cacheFolder } from "@serving-kit/native-library";

const run = promisify(execFile);

/** Time in ms that a server may take to answer its first request. */
const START_MS = 60_000;
/** Time in ms between two attempts. */
const ATTEMPT_MS = 200;
/** Time in ms of an installation. */
const INSTALL_MS = 600_000;

/** A server in a process of its own. */
export interface PeerServer extends AsyncDisposable {
  readonly url: string;
}

/** The command of a server: a program that prints its port, or one that was given it. */
export interface PeerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The port that it was given; absent if it prints one. */
  readonly port?: number;
  /** The path of the URL that is posted to. */
  readonly path: string;
}

/** Starts a server and waits for its first answer to `body`. Its output is not shown. */
export async function startPeer(peer: PeerCommand, body: string): Promise<PeerServer> {
  const { command, args, cwd, env } = peer;
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true, // so that its workers end with it
    stdio: ["ignore", "pipe", "ignore"],
  });
  const port = peer.port ?? (await printedPort(child));
  child.stdout?.resume();
  const url = `http://127.0.0.1:${port}${peer.path}`;
  const server = { url, [Symbol.asyncDispose]: () => endGroup(child) };
  try {
    await firstAnswer(url, body, child);
    return server;
  } catch (error) {
    await endGroup(child);
    throw error;
  }
}

async function printedPort(child: ChildProcess): Promise<number> {
  const lines = createInterface(child.stdout as NodeJS.ReadableStream);
  const ended = once(child, "exit").then(() => {
    throw new Error("it ended before it listened");
  });
  const port = (async () => {
    for await (const line of lines) if (/^\d+$/.test(line)) return Number(line);
    return ended;
  })();
  return Promise.race([port, ended]);
}

async function firstAnswer(url: string, body: string, child: ChildProcess): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  let problem: unknown;
  for (let waitedMs = 0; waitedMs < START_MS; waitedMs += ATTEMPT_MS) {
    if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}`);
    try {
      const response = await fetch(url, { method: "POST", headers, body });
      if (response.ok) return;
      problem = `${response.status} ${(await response.text()).slice(0, 200)}`;
    } catch (error) {
      problem = error;
    }
    await new Promise((resolve) => setTimeout(resolve, ATTEMPT_MS));
  }
  throw new Error(`it does not answer: ${problem}`);
}

async function endGroup(child: ChildProcess): Promise<void> {
  const hasEnded = child.exitCode !== null || child.signalCode !== null;
  const ended = hasEnded ? undefined : once(child, "exit");
  if (child.pid !== undefined) {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // The group has ended.
    }
  }
  await ended;
}

/** Installs a package of npm into a folder of the cache, with its scripts. Returns a file in the folder. */
export async function installFromNpm(name: string): Promise<string> {
  const folder = join(cacheFolder(), "peers", name.replace(/\W/g, "-"));
  const file = join(folder, "package.json");
  if (existsSync(join(folder, "installed"))) return file;
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, '{"private":true}\n');
  const args = ["install", "--no-audit", "--no-fund", "--fetch-retries=1", name];
  await run("npm", args, { cwd: folder, timeout: INSTALL_MS });
  writeFileSync(join(folder, "installed"), "");
  return file;
}

/** Installs packages of PyPI into a virtual environment in the cache. Returns its `bin` folder. */
export async function installFromPyPi(name: string, ...packages: string[]): Promise<string> {
  const folder = join(cacheFolder(), "peers", name);
  const bin = join(folder, "bin");
  if (existsSync(join(folder, "installed"))) return bin;
  await run(process.env.SERVING_KIT_PYTHON ?? "python3", ["-m", "venv", folder]);
  const args = ["install", "--quiet", "--only-binary=:all:", ...packages];
  await run(join(bin, "pip"), args, { timeout: INSTALL_MS });
  writeFileSync(join(folder, "installed"), "");
  return bin;
}
