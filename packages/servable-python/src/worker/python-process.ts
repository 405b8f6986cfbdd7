import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Clock, messageOf } from "@serving-kit/core";
import type { Status } from "./ending.js";
import { Lines } from "./lines.js";

/** The program of all Python processes: next to `src`, and next to `dist`. */
export const PROGRAM = fileURLToPath(
  new URL(
    "../python/start.py",
    import.meta.url.endsWith(".ts") ? new URL("../x", import.meta.url) : import.meta.url,
  ),
);

/**
 * The flags of the interpreter: nothing of PYTHON* variables, the working directory or the user's site (-I), no
 * `__pycache__` in the folder of a version (-B), unbuffered output (-u), the Python lines of a crash on stderr.
 */
export const FLAGS = ["-I", "-B", "-u", "-X", "faulthandler"];

/** Callbacks of a process to its owner. */
export interface ProcessListener {
  /** Bytes of the frame socket. */
  onBytes(bytes: Uint8Array): void;
  /** A line of output. */
  onLine(stream: "stdout" | "stderr", line: string): void;
  /** The process and all that it started have ended, and all output was reported. Called once, last. */
  onEnd(status: Status): void;
}

/** How long output may be late when the process has ended, if a process that escaped it holds the pipes. */
const OUTPUT_MS = 1_000;

/**
 * A supervisor and its worker. Node's end of the control socket keeps them alive: if it is closed, or Node dies, both
 * end with everything that they started.
 */
export class PythonProcess {
  readonly #child: ChildProcess;
  readonly #frames: Duplex;
  readonly #control: Duplex;
  readonly #listener: ProcessListener;
  #status: Status | undefined;
  #hasEnded = false;

  constructor(
    interpreter: string,
    env: NodeJS.ProcessEnv,
    listener: ProcessListener,
    clock: Clock,
  ) {
    this.#listener = listener;
    // A session of its own: signals of the terminal are for Node, which drains first.
    this.#child = spawn(interpreter, [...FLAGS, PROGRAM], {
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
    });
    const [, stdout, stderr, frames, control] = this.#child.stdio as unknown as Duplex[];
    this.#frames = frames as Duplex;
    this.#control = control as Duplex;
    this.#frames.on("data", (bytes: Uint8Array) => listener.onBytes(bytes));
    let report = "";
    this.#control.on("data", (bytes: Buffer) => {
      report = (report + bytes).slice(0, 1_000);
      this.#status ??= statusOf(report);
    });
    for (const stream of [this.#frames, this.#control]) stream.on("error", () => {}); // "exit" says more
    this.#readLines("stdout", stdout as Readable);
    this.#readLines("stderr", stderr as Readable);
    this.#child.once("error", (error) => {
      listener.onLine("stderr", messageOf(error));
      this.#end();
    });
    this.#child.once("close", () => this.#end());
    this.#child.once("exit", () => {
      const late = clock.setTimeout(() => this.#end(), OUTPUT_MS);
      this.#child.once("close", () => late[Symbol.dispose]());
    });
  }

  write(buffers: readonly Uint8Array[]): void {
    if (buffers.length > 1) this.#frames.cork();
    for (const buffer of buffers) this.#frames.write(buffer);
    if (buffers.length > 1) this.#frames.uncork();
  }

  /** Ends the worker, and everything that it started, with SIGKILL. */
  kill(): void {
    this.#control.end();
  }

  #readLines(name: "stdout" | "stderr", stream: Readable): void {
    const lines = new Lines((line) => this.#listener.onLine(name, line));
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => lines.push(text));
    stream.once("end", () => lines.end());
    stream.on("error", () => {});
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    // Without a report the supervisor itself was killed, and its group may be left.
    if (this.#status === undefined) this.#killGroup();
    for (const stream of this.#child.stdio) stream?.destroy();
    this.#listener.onEnd(this.#status ?? {});
  }

  #killGroup(): void {
    const { pid } = this.#child;
    try {
      if (pid !== undefined) process.kill(-pid, "SIGKILL");
    } catch {
      // none is left
    }
  }
}

function statusOf(report: string): Status | undefined {
  if (!report.includes("\n")) return undefined;
  try {
    return JSON.parse(report) as Status;
  } catch {
    return {};
  }
}
