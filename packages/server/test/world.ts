import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModelServer } from "../src/index.js";
import { type FixtureModel, fixturePlatform } from "./fixture-platform.js";
import { createModelServer, type WholeServerOptions } from "./whole-server.js";

/** A folder of models that is removed with the test. */
export class World implements AsyncDisposable {
  readonly path: string;
  readonly #servers: ModelServer[] = [];

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<World> {
    return new World(await mkdtemp(join(tmpdir(), "serving-kit-server-")));
  }

  /** Publishes a version: writes it beside, then renames it into place. */
  async publish(name: string, version: number | string, model: FixtureModel = {}): Promise<void> {
    const beside = join(this.path, `.${name}-${version}`);
    await mkdir(beside, { recursive: true });
    await mkdir(join(this.path, name), { recursive: true });
    await writeFile(join(beside, "model.json"), JSON.stringify(model));
    await rename(beside, join(this.path, name, String(version)));
  }

  /** Starts a server of some models of this folder, without waiting for files to settle. */
  async serve(names: string[], options: Partial<WholeServerOptions> = {}): Promise<ModelServer> {
    const server = await createModelServer({
      platforms: [fixturePlatform()],
      models: names.map((name) => ({ name, basePath: join(this.path, name) })),
      settleMs: 0,
      ...options,
    });
    this.#servers.push(server);
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close({ deadlineMs: 100 })));
    await rm(this.path, { recursive: true, force: true });
  }
}
