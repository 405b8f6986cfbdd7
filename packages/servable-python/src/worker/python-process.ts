import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Clock, messageOf } from "@serving-kit/core";
import type { Status } from "./ending.js";
import { Lines } from "./lines.js";

/** The path of the program of all Python processes: next to `src` and next to `dist`. */
export const PROGRAM = fileURLToPath(
  new URL(
    "../python/start.py",
    import.meta.url.endsWith(".ts") ? new URL("../x", import.meta.url) : import.meta.url,
  ),
);

/**
 * The flags of the interpreter: ignore PYTHON* variables, the working directory and the user's site (-I); write no
 * `__pycache__` into the folder of a version (-B); unbuffered output (-u); Python traceback of a crash on stderr
 * (faulthandler).
 */
export const FLAGS = ["-I", "-B", "-u", "-X", "faulthandler"];

/** Callbacks of a process for its owner. */
export interface ProcessListener {
  /** Receives bytes of the frame socket. */
  onBytes(bytes: Uint8Array): void;
  /** Receives a line of output. */
  onLine(stream: "stdout" | "stderr", line: string): void;
  /** The process and all its descendants have exited, and all output was reported. Called once, last. */
  onEnd(status: Status): void;
}

/** Time in ms to wait for output after the process has exited, if an escaped descendant holds the pipes. */
const OUTPUT_MS = 1_000;

/**
 * A supervisor and its worker. Node's end of the control socket keeps them alive: if it is closed, or Node dies, both
 * exit along with all their descendants.
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
    // Its own session: signals of the terminal go to Node, which drains first.
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
    for (const stream of [this.#frames, this.#control]) stream.on("error", () => {}); // "exit" has the details
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

  /** Kills the worker and all its descendants with SIGKILL. */
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
    // Without a status report, the supervisor itself was killed, and its process group may be left.
    if (this.#status === undefined) this.#killGroup();
    for (const stream of this.#child.stdio) stream?.destroy();
    this.#listener.onEnd(this.#status ?? {});
  }

  #killGroup(): void {
    const { pid } = this.#child;
    try {
      if (pid !== undefined) process.kill(-pid, "SIGKILL");
    } catch {
      // no process is left
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
