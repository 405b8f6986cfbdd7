import { type ChildProcess, spawn } from "node:child_process";
import type { EventEmitter } from "node:events";
import type { Duplex, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Clock, messageOf } from "@serving-kit/core";
import type { Status } from "./ending.js";
import { Lines } from "./lines.js";
import { type SocketPair, socketPair } from "./socket-pair.js";

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
  /** Returns the memory for the next bytes of the frame socket. */
  buffer(): Uint8Array;
  /** Receives the number of bytes that were read into `buffer()`. */
  onFilled(count: number): void;
  /** Receives bytes of the frame socket that were read elsewhere. */
  onBytes(bytes: Uint8Array): void;
  /** Receives a line of output. */
  onLine(stream: "stdout" | "stderr", line: string): void;
  /** The process and all its descendants have exited, and all output was reported. Called once, last. */
  onEnd(status: Status): void;
}

/** Options for starting a process. */
export interface ProcessOptions {
  readonly interpreter: string;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
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

  private constructor(
    { interpreter, env, clock }: ProcessOptions,
    listener: ProcessListener,
    pair: SocketPair | undefined,
  ) {
    this.#listener = listener;
    // Its own session: signals of the terminal go to Node, which drains first.
    this.#child = spawn(interpreter, [...FLAGS, PROGRAM], {
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe", pair?.theirs ?? "pipe", "pipe"],
    });
    pair?.theirs.destroy();
    const [, stdout, stderr, frames, control] = this.#child.stdio as unknown as Duplex[];
    this.#frames = pair?.ours ?? (frames as Duplex);
    this.#control = control as Duplex;
    if (pair === undefined) this.#frames.on("data", (bytes) => listener.onBytes(bytes));
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
    const closed = Promise.all([closeOf(this.#child), closeOf(this.#frames)]);
    void closed.then(() => this.#end());
    this.#child.once("exit", () => {
      const late = clock.setTimeout(() => this.#end(), OUTPUT_MS);
      void closed.then(() => late[Symbol.dispose]());
    });
  }

  static async start(options: ProcessOptions, listener: ProcessListener): Promise<PythonProcess> {
    const pair = await socketPair({
      buffer: () => listener.buffer(),
      callback: (count) => {
        listener.onFilled(count);
        return true;
      },
    });
    return new PythonProcess(options, listener, pair);
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
    for (const stream of [...this.#child.stdio, this.#frames]) stream?.destroy();
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

const closeOf = (emitter: EventEmitter): Promise<void> =>
  new Promise((resolve) => void emitter.once("close", resolve));

function statusOf(report: string): Status | undefined {
  if (!report.includes("\n")) return undefined;
  try {
    return JSON.parse(report) as Status;
  } catch {
    return {};
  }
}
