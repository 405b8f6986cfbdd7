import { Agent, request } from "node:http";
import { join } from "node:path";
import { reusePortSocket } from "@serving-kit/native-library";
import type { ModelConfig, ModelServer } from "../src/index.js";
import { CELLS, loaded, type ThreadedModel, threadedPlatform } from "./threads-platform.js";
import { createModelServer, type WholeServerOptions } from "./whole-server.js";
import { World } from "./world.js";

/** The response to a request. */
export interface Answered {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the JSON is
  readonly body: any;
}

/** A server with event loops of its own, and clients that make a new connection for each request. */
export class ThreadsWorld implements AsyncDisposable {
  readonly server: ModelServer;
  readonly port: number;
  readonly #world: World;
  readonly #models = new Map<string, ModelConfig>();

  private constructor(world: World, server: ModelServer, port: number) {
    this.#world = world;
    this.server = server;
    this.port = port;
  }

  static async start(options: Partial<WholeServerOptions> = {}): Promise<ThreadsWorld> {
    const world = await World.create();
    const server = await createModelServer({
      platforms: [threadedPlatform()],
      settleMs: 0,
      startUpPolicy: "none",
      threads: {
        count: 2,
        platforms: new URL("./threads-platform.ts", import.meta.url),
        reusePortSocket,
      },
      ...options,
    });
    const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
    return new ThreadsWorld(world, server, port);
  }

  /** The folder of the models. */
  get path(): string {
    return this.#world.path;
  }

  /**
   * Publishes a version, and adds its model to the configuration the first time. Waits until it is loaded
   * in the main thread, and gives the memory that all threads share.
   */
  async publish(
    name: string,
    version: number,
    model: ThreadedModel = {},
    config: Partial<ModelConfig> = {},
  ): Promise<Int32Array> {
    const count = loaded.length;
    await this.#world.publish(name, version, model as never);
    if (!this.#models.has(name)) {
      this.#models.set(name, { name, basePath: join(this.#world.path, name), ...config });
      void this.server.reload([...this.#models.values()]).catch(() => {});
    }
    await this.server.poll();
    await until(() => loaded.length > count);
    return loaded[count] as Int32Array;
  }

  /** The same, and waits until the version is available. */
  async serve(
    name: string,
    version: number,
    model?: ThreadedModel,
    config?: Partial<ModelConfig>,
  ): Promise<Int32Array> {
    const cells = await this.publish(name, version, model, config);
    await this.server.manager.available({ name, version });
    return cells;
  }

  /** Changes the configuration of some models, or drops them. */
  async reload(changes: Readonly<Record<string, Partial<ModelConfig> | undefined>>): Promise<void> {
    for (const [name, change] of Object.entries(changes)) {
      if (change === undefined) this.#models.delete(name);
      else this.#models.set(name, { ...(this.#models.get(name) as ModelConfig), ...change });
    }
    await this.server.reload([...this.#models.values()]);
  }

  /** The states of the versions of a model: `["2 loading", "1 available"]`. */
  states(name: string): string[] {
    return this.server.manager
      .states(name)
      .map(({ id, state, waitingFor }) =>
        [id.version, state, waitingFor && `(${waitingFor})`].filter(Boolean).join(" "),
      );
  }

  /** One request over a connection of its own. */
  get(path: string): Promise<Answered> {
    return send(this.port, "GET", path);
  }

  /** One prediction over a connection of its own. */
  predict(name: string, more = "", body: object = { instances: [1] }): Promise<Answered> {
    return send(this.port, "POST", `/v1/models/${name}${more}:predict`, JSON.stringify(body));
  }

  /** The threads that answer, and how often, of some predictions over connections of their own. */
  async threads(name: string, more = "", count = 32): Promise<Map<number, number>> {
    const threads = new Map<number, number>();
    const answers = await Promise.all(
      Array.from({ length: count }, () => this.predict(name, more)),
    );
    for (const { status, body } of answers) {
      if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
      const { thread } = body.predictions[0];
      threads.set(thread, (threads.get(thread) ?? 0) + 1);
    }
    return threads;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cells of loaded) openGate(cells);
    await this.server.close({ deadlineMs: 1_000 });
    await this.#world[Symbol.asyncDispose]();
  }
}

/** Lets what waits in any thread for the gate of a version go on. */
export function openGate(cells: Int32Array): void {
  Atomics.store(cells, CELLS.gate, 1);
  Atomics.notify(cells, CELLS.gate);
}

/** Waits for what another thread does. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

/** Sends a request over a connection of its own. Rejects when the connection fails. */
export function send(
  port: number,
  method: string,
  path: string,
  body?: string,
  signal?: AbortSignal,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const options = { port, host: "127.0.0.1", method, path, agent, ...(signal && { signal }) };
    const sent = request(options, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      const isJson = response.headers["content-type"] === "application/json";
      resolve({ status: response.statusCode ?? 0, body: isJson ? JSON.parse(text) : text });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
