import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sourceFlags } from "./source-flags.mjs";
import { root } from "./workspace.mjs";

/** The ports of a server on this machine. */
export interface Ports {
  readonly rest: number;
  readonly grpc: number;
}

/** Options for a server process: flags of Node (default none), and its streams (default: stdout is kept, stderr shown). */
export interface ServerProcessOptions {
  readonly nodeFlags?: readonly string[];
  readonly stdio?: StdioOptions;
}

/** The command `serving-kit`, run from source in a child process on ports that are free. */
export class ServerProcess {
  readonly child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #output = "";

  /** @param flags flags of the command */
  constructor(flags: readonly string[], options: ServerProcessOptions = {}) {
    const { nodeFlags = [], stdio = ["ignore", "pipe", "inherit"] } = options;
    const program = join(root, "packages/serving-kit/src/bin.ts");
    const ports = ["--rest_api_port=any", "--port=any", "--host=127.0.0.1"];
    const args = [...sourceFlags, ...nodeFlags, program, ...ports, ...flags];
    this.child = spawn(process.execPath, args, { cwd: root, stdio });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-65_536);
      });
    }
    this.#closed = once(this.child, "close").then(([code, signal]) => code ?? signal);
  }

  /** The end of what it has printed. */
  get output(): string {
    return this.#output;
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Waits until it has printed a text. Rejects if it ends before. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const { stdout } = this.child;
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match) return match;
      if (!stdout || !this.isAlive) throw new Error(`the server ended: ${this.#output}`);
      await Promise.race([once(stdout, "data"), this.#closed]);
    }
  }

  /** Waits until it listens. */
  async ports(): Promise<Ports> {
    const [, rest] = await this.printed(/serving REST at \S+:(\d+)/);
    const [, grpc] = await this.printed(/gRPC at \S+:(\d+)/);
    return { rest: Number(rest), grpc: Number(grpc) };
  }

  /**
   * Its resident memory in MB, now and at its peak, and the part that is not of files: the kernel takes pages of files
   * away from a process that runs rarely.
   */
  memory(): { readonly now: number; readonly peak: number; readonly anonymous: number } {
    const status = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
    const mb = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024;
    return { now: mb("VmRSS"), peak: mb("VmHWM"), anonymous: mb("RssAnon") };
  }

  /** The number of its open descriptors. */
  get descriptors(): number {
    return readdirSync(`/proc/${this.child.pid}/fd`).length;
  }

  /** Sends SIGTERM. Resolves with its exit code, or with the signal that ended it. */
  stop(): Promise<unknown> {
    this.child.kill("SIGTERM");
    return this.#closed;
  }

  /** Resolves when it has ended, with its exit code or the signal. */
  get closed(): Promise<unknown> {
    return this.#closed;
  }
}
