import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The memory of a FixtureProcess in bytes, after a garbage collection. */
export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly arrayBuffers: number;
  /** The first errors. */
  readonly errorsLogged: readonly string[];
}

/** The model server of fixture-server.ts, from source, in a process that ends with its parent. */
export class FixtureProcess implements Disposable {
  readonly restPort: number;
  readonly grpcPort: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, ports: { restPort: number; grpcPort: number }) {
    this.#child = child;
    this.restPort = ports.restPort;
    this.grpcPort = ports.grpcPort;
  }

  static async start(): Promise<FixtureProcess> {
    const child = fork(fileURLToPath(new URL("fixture-server.ts", import.meta.url)), {
      execArgv: ["--conditions=@serving-kit/source", "--import", "tsx", "--expose-gc"],
    });
    const ended = once(child, "exit").then(([code]): never => {
      throw new Error(`fixture-server.ts ended with ${code}`);
    });
    const [ports] = await Promise.race([once(child, "message"), ended]);
    ended.catch(() => {});
    return new FixtureProcess(child, ports);
  }

  /** Rejects when the process has ended. */
  async memory(): Promise<Memory> {
    this.#child.send("memory");
    const [memory] = await once(this.#child, "message", { signal: AbortSignal.timeout(20_000) });
    return memory;
  }

  [Symbol.dispose](): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}
