import type { Engine } from "./engine.js";

/** A container that was started in the background. */
export class Container {
  readonly #engine: Engine;
  readonly #id: string;

  constructor(engine: Engine, id: string) {
    this.#engine = engine;
    this.#id = id;
  }

  /** The port of this machine that leads to one of the container. */
  async port(port: number): Promise<number> {
    const address = await this.#engine.must("port", this.#id, `${port}/tcp`);
    return Number(address.split(":").at(-1));
  }

  exec(...command: readonly string[]): Promise<string> {
    return this.#engine.must("exec", this.#id, ...command);
  }

  /** The exit code of the HEALTHCHECK. */
  async health(): Promise<number> {
    const { Config } = await this.#engine.inspect("container", this.#id);
    const [, ...command] = Config.Healthcheck.Test;
    return (await this.#engine.call("exec", this.#id, ...command)).code;
  }

  /** The exit code after the stop signal, 137 when it had to be killed. */
  async stop(): Promise<number> {
    await this.#engine.must("stop", "--time=25", this.#id);
    return (await this.#engine.inspect("container", this.#id)).State.ExitCode;
  }

  /** The exit code of a container that ends by itself. */
  async exitCode(): Promise<number> {
    return Number(await this.#engine.must("wait", this.#id));
  }

  async logs(): Promise<string> {
    return (await this.#engine.call("logs", this.#id)).output;
  }
}
