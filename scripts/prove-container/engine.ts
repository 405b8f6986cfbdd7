import { rmSync } from "node:fs";
import type { Ran } from "../run.mjs";
import { Container } from "./container.js";
import { type ContainerProgram, findContainerProgram } from "./container-program.js";

interface Healthcheck {
  readonly Test: readonly string[];
}

/** The run configuration of an image, and its size. */
export interface ImageConfig {
  readonly User: string;
  readonly ExposedPorts: Readonly<Record<string, object>>;
  readonly Entrypoint: readonly string[];
  readonly StopSignal: string;
  readonly Env: readonly string[];
  readonly Healthcheck: Healthcheck;
  readonly Size: number;
}

/** The fields of images and containers that are read. */
interface Inspected {
  readonly image: {
    readonly Config: Omit<ImageConfig, "Size" | "Healthcheck">;
    readonly Healthcheck: Healthcheck;
    readonly Size: number;
  };
  readonly container: {
    readonly Config: Pick<ImageConfig, "Healthcheck">;
    readonly State: { readonly ExitCode: number };
  };
}

/** Builds images and runs containers, which `close` removes. */
export class Engine {
  readonly #program: ContainerProgram;
  readonly #folder: string;
  readonly #containers: string[] = [];
  readonly #images: string[] = [];

  private constructor(program: ContainerProgram, folder: string) {
    this.#program = program;
    this.#folder = folder;
  }

  /** Docker if its daemon answers, else podman, which keeps all in the folder. */
  static async find(folder: string): Promise<Engine> {
    return new Engine(await findContainerProgram(folder), folder);
  }

  get name(): string {
    return this.#program.name;
  }

  /** Runs the program. */
  call(...args: readonly string[]): Promise<Ran> {
    return this.#program.call(args);
  }

  /** Runs the program. Resolves with what it printed on stdout, and rejects if it fails. */
  async must(...args: readonly string[]): Promise<string> {
    const { code, stdout, output } = await this.call(...args);
    if (code === 0) return stdout.trim();
    throw new Error(`${this.name}: ${args.join(" ")} ended with ${code}:\n${output}`);
  }

  async inspect<K extends keyof Inspected>(kind: K, name: string): Promise<Inspected[K]> {
    return JSON.parse(await this.must(kind, "inspect", name))[0];
  }

  /** Pulls an image, and returns whether that worked. */
  async pull(image: string): Promise<boolean> {
    return (await this.call("pull", "--quiet", image)).code === 0;
  }

  /** Makes an image of a tar archive of its files. */
  async import(tarball: string, image: string): Promise<void> {
    this.#images.push(image);
    await this.must("import", tarball, image);
  }

  async build(image: string, ...args: readonly string[]): Promise<void> {
    this.#images.push(image);
    await this.must(...this.#program.build, "--network=host", ...args, `--tag=${image}`);
  }

  async configOf(image: string): Promise<ImageConfig> {
    // podman has the health check of an image beside its configuration.
    const { Config, Healthcheck, Size } = await this.inspect("image", image);
    return { Healthcheck, ...Config, Size };
  }

  /** Starts a container in the background. */
  async start(...args: readonly string[]): Promise<Container> {
    const id = await this.must("run", "--detach", ...args);
    this.#containers.push(id);
    return new Container(this, id);
  }

  /** Removes the containers, the images and the folder. */
  async close(): Promise<void> {
    for (const id of this.#containers) await this.call("rm", "--force", id);
    for (const image of this.#images.reverse()) await this.call("rmi", "--force", image);
    await this.#program.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
