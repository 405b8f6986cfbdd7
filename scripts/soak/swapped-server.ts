import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sourceFlags } from "../source-flags.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const digits = join(root, "examples/models/digits");

/** The files of even and of odd versions. */
const FILES = [join(digits, "alternate/2/model.tflite"), join(digits, "1/model.tflite")] as const;

/** The command in a child process, whose model `digits` is swapped for a new version now and then. */
export class SwappedServer {
  readonly rest: number;
  readonly grpc: number;
  version = 1;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #reloads = 0;

  private constructor(child: ChildProcess, folder: string, ports: readonly [number, number]) {
    this.#child = child;
    this.#folder = folder;
    [this.rest, this.grpc] = ports;
  }

  /** Starts it with these flags. Resolves when it serves version 1. */
  static async start(flags: readonly string[]): Promise<SwappedServer> {
    const folder = await mkdtemp(join(tmpdir(), "serving-kit-soak-"));
    addVersion(folder, 1);
    writeConfig(folder, 1, false);
    const args = [
      ...sourceFlags,
      join(root, "packages/serving-kit/src/bin.ts"),
      ...["--rest_api_port=any", "--port=any", "--host=127.0.0.1", "--enable_batching"],
      ...[`--model_config_file=${join(folder, "models.json")}`, `--state_dir=${folder}`],
      "--allow_version_labels_for_unavailable_models",
      `--request_log_file=${join(folder, "requests.jsonl")}`,
      "--request_log_sampling_rate=0.001",
      ...flags,
    ];
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    const ended = once(child, "exit").then(([code]) => {
      throw new Error(`the server ended with ${code}: ${text}`);
    });
    ended.catch(() => {});
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      text = (text + part).slice(-65_536);
    });
    while (!/serving digits/.test(text)) await Promise.race([once(child.stdout, "data"), ended]);
    const port = (kind: string) =>
      Number(new RegExp(`serving ${kind} at \\S+:(\\d+)`).exec(text)?.[1]);
    return new SwappedServer(child, folder, [port("REST"), port("gRPC")]);
  }

  /** Adds the next version, and removes the one before the last. */
  swap(): void {
    addVersion(this.#folder, ++this.version);
    rmSync(join(this.#folder, "digits", String(this.version - 2)), {
      recursive: true,
      force: true,
    });
  }

  /** Reads another configuration: a label moves, and a model comes or goes. */
  reload(): void {
    this.#reloads++;
    writeConfig(this.#folder, this.version, this.#reloads % 2 === 1);
    this.#child.kill("SIGHUP");
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resident memory in MB. */
  get rssMb(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024;
  }

  /** The number of open descriptors. */
  get descriptors(): number {
    return readdirSync(`/proc/${this.#child.pid}/fd`).length;
  }

  /** Ends it. Resolves with its exit code. */
  async stop(): Promise<unknown> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const [code, signal] = await exited;
    rmSync(this.#folder, { recursive: true });
    return code ?? signal;
  }
}

/** Adds a version in one step. */
function addVersion(folder: string, version: number): void {
  const made = join(folder, "next");
  mkdirSync(made);
  mkdirSync(join(folder, "digits"), { recursive: true });
  cpSync(FILES[version % 2] as string, join(made, "model.tflite"));
  renameSync(made, join(folder, "digits", String(version)));
}

function writeConfig(folder: string, version: number, hasVisitor: boolean): void {
  const digitsConfig = {
    name: "digits",
    base_path: join(folder, "digits"),
    version_labels: { stable: version },
  };
  const visitor = { name: "visitor", base_path: join(digits, "quantized") };
  const config = hasVisitor ? [digitsConfig, visitor] : [digitsConfig];
  const next = join(folder, "models.json.next");
  writeFileSync(next, JSON.stringify({ model_config_list: { config } }));
  renameSync(next, join(folder, "models.json"));
}
