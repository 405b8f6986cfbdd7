import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COLLECTABLE, collect } from "../garbage/collectable.js";
import { type Ports, ServerProcess } from "../server-process.js";
import { root } from "../workspace.mjs";

const digits = join(root, "examples/models/digits");

/** The files of even and of odd versions. */
const FILES = [join(digits, "alternate/2/model.tflite"), join(digits, "1/model.tflite")] as const;

/** The command in a child process, whose model `digits` is swapped for a new version now and then. */
export class SwappedServer implements Ports {
  readonly rest: number;
  readonly grpc: number;
  version = 1;
  readonly #process: ServerProcess;
  readonly #folder: string;
  #reloads = 0;

  private constructor(process: ServerProcess, folder: string, { rest, grpc }: Ports) {
    this.#process = process;
    this.#folder = folder;
    this.rest = rest;
    this.grpc = grpc;
  }

  /** Starts it with these flags. Resolves when it serves version 1. */
  static async start(flags: readonly string[]): Promise<SwappedServer> {
    const folder = await mkdtemp(join(tmpdir(), "serving-kit-soak-"));
    addVersion(folder, 1);
    writeConfig(folder, 1, false);
    const server = new ServerProcess(
      [
        "--enable_batching",
        ...[`--model_config_file=${join(folder, "models.json")}`, `--state_dir=${folder}`],
        "--allow_version_labels_for_unavailable_models",
        `--request_log_file=${join(folder, "requests.jsonl")}`,
        "--request_log_sampling_rate=0.001",
        `--plugins=${COLLECTABLE.plugin}`,
        ...flags,
      ],
      { nodeFlags: COLLECTABLE.nodeFlags, stdio: [...COLLECTABLE.stdio] },
    );
    await server.printed(/serving digits/);
    return new SwappedServer(server, folder, await server.ports());
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
    this.#process.child.kill("SIGHUP");
  }

  get isAlive(): boolean {
    return this.#process.isAlive;
  }

  /**
   * Collects garbage. Resolves with the resident memory in MB that is not of files, and with the engine's part of it: its
   * heaps and the memory of its buffers.
   */
  async collectedMb(): Promise<{ readonly anonymous: number; readonly engine: number }> {
    const engine = await collect(this.#process.child);
    return { anonymous: this.isAlive ? this.#process.memory().anonymous : Number.NaN, engine };
  }

  /** Resident memory in MB. */
  get rssMb(): number {
    return this.#process.memory().now;
  }

  /** The number of open descriptors. */
  get descriptors(): number {
    return this.#process.descriptors;
  }

  /** Ends it. Resolves with its exit code. */
  async stop(): Promise<unknown> {
    const code = await this.#process.stop();
    rmSync(this.#folder, { recursive: true });
    return code;
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
