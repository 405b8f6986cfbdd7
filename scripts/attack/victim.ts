import { rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { COLLECTABLE, collect } from "../garbage/collectable.js";
import { type Ports, ServerProcess } from "../server-process.js";
import { root } from "../workspace.mjs";
import { MemoryLimit } from "./memory-limit.js";

/** The memory of the child process: a cgroup if one can be made, else V8's heap. */
const LIMIT_MB = 2_048;
const HEAP_MB = 1_024;

const here = (file: string) => join(import.meta.dirname, file);

const NODE_FLAGS = [`--max-old-space-size=${HEAP_MB}`, ...COLLECTABLE.nodeFlags];
const PLUGINS = [join(root, "examples/echo-protocol/echo.ts"), COLLECTABLE.plugin];

/** A model, as a model config file has it. */
export interface ModelConfig {
  readonly name: string;
  readonly base_path: string;
  readonly [field: string]: unknown;
}

/** A model of a module. */
export const custom = (name: string, path: string, options: object): ModelConfig => ({
  name,
  base_path: path,
  model_platform: "custom",
  custom_model_config: { module_path: path, options },
});

const MODELS: readonly ModelConfig[] = [
  { name: "digits", base_path: join(root, "examples/models/digits") },
  ...["zeros", "floats", "strings"].map((kind) => custom(kind, here("models.ts"), { kind })),
];

/** Options for a victim: flags of the command, and models in addition to its own. Default: none. */
export interface VictimOptions {
  readonly flags?: readonly string[];
  readonly models?: readonly ModelConfig[];
}

/** The command in a child process with little memory, with small models and the `echo` protocol. */
export class Victim implements Ports {
  readonly rest: number;
  readonly grpc: number;
  /** A folder below which models may be. */
  readonly folder: string;
  readonly #process: ServerProcess;
  readonly #limit: MemoryLimit | undefined;

  private constructor(
    process: ServerProcess,
    limit: MemoryLimit | undefined,
    folder: string,
    { rest, grpc }: Ports,
  ) {
    this.#process = process;
    this.#limit = limit;
    this.folder = folder;
    this.rest = rest;
    this.grpc = grpc;
  }

  /** Starts it. Resolves when all models are loaded, or have failed. */
  static async start({ flags = [], models = [] }: VictimOptions = {}): Promise<Victim> {
    const folder = await mkdtemp(join(tmpdir(), "serving-kit-attack-"));
    const configFile = join(folder, "models.json");
    const config = { model_config_list: { config: [...MODELS, ...models] } };
    writeFileSync(configFile, JSON.stringify(config));
    const own = [
      "--lame_duck_in_ms=0",
      `--state_dir=${folder}`,
      `--model_roots=${folder}`,
      `--model_config_file=${configFile}`,
      `--plugins=${PLUGINS}`,
    ];
    const limit = MemoryLimit.create(LIMIT_MB);
    const server = new ServerProcess([...own, ...flags], {
      nodeFlags: NODE_FLAGS,
      stdio: [...COLLECTABLE.stdio],
    });
    if (server.child.pid !== undefined) limit?.add(server.child.pid);
    const ports = await server.ports();
    while ((await ask(ports.rest, "/v1/health/ready")) !== 200) await delay(20);
    return new Victim(server, limit, folder, ports);
  }

  /** Its limit of memory, in words. */
  get limit(): string {
    return this.#limit === undefined ? `heap ${HEAP_MB} MB` : `cgroup ${LIMIT_MB} MB`;
  }

  get isAlive(): boolean {
    return this.#process.isAlive;
  }

  get output(): string {
    return this.#process.output;
  }

  /** Resolves with the time in ms that a health probe waited. */
  async probe(): Promise<number> {
    const startedAt = performance.now();
    await ask(this.rest, "/v1/health/live");
    return performance.now() - startedAt;
  }

  /** Its resident memory in MB, now and at its peak since `resetPeak`. */
  memory(): { readonly now: number; readonly peak: number } {
    return this.#process.memory();
  }

  resetPeak(): void {
    writeFileSync(`/proc/${this.#process.child.pid}/clear_refs`, "5");
  }

  /** Collects garbage. Resolves with heap and external memory in MB, NaN if it ended. */
  collect(): Promise<number> {
    return collect(this.#process.child);
  }

  /** Ends it. Resolves with its exit code. */
  async stop(): Promise<unknown> {
    const code = await this.#process.stop();
    this.#limit?.remove();
    rmSync(this.folder, { recursive: true });
    return code;
  }
}

/** Sends a GET request. Resolves with the status. */
const ask = (port: number, path: string) =>
  new Promise<number | undefined>((resolve, reject) => {
    get({ port, host: "127.0.0.1", path, agent: false }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode));
    }).once("error", reject);
  });
