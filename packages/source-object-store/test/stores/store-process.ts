import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A store that runs as a process of its own, on a port of this machine. */
export class StoreProcess implements AsyncDisposable {
  readonly port: number;
  readonly #command: readonly string[];
  readonly #environment: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;

  /** @param commandOf The program and its arguments for a port. */
  static async start(
    commandOf: (port: number) => readonly string[],
    environment: NodeJS.ProcessEnv = {},
  ): Promise<StoreProcess> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, "close");
    const store = new StoreProcess(port, commandOf(port), environment);
    await store.start();
    return store;
  }

  private constructor(port: number, command: readonly string[], environment: NodeJS.ProcessEnv) {
    this.port = port;
    this.#command = command;
    this.#environment = environment;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it, and resolves when it accepts connections. */
  async start(): Promise<void> {
    const [program = "", ...args] = this.#command;
    const env = { ...process.env, ...this.#environment };
    this.#child = spawn(program, args, { env, stdio: "ignore" });
    while (!(await accepts(this.port))) {
      if (this.#child.exitCode !== null) throw new Error(`${program} ended at once`);
      await sleep(50);
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
