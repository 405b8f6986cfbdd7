import { type Clock, messageOf } from "@serving-kit/core";
import { errors } from "../errors.js";
import { writeFrame } from "../protocol/frame.js";
import { type Frame, FrameReader } from "../protocol/frame-reader.js";
import type {
  CallAnswer,
  CallHeader,
  LoadFailure,
  LoadTask,
  LogLine,
  ReadyMessage,
  WorkerModel,
} from "../protocol/worker-protocol.js";
import { type Ending, endingOf, quoted } from "./ending.js";
import { PythonProcess } from "./python-process.js";
import type { WorkerLog } from "./worker-log.js";

/** Options for starting a worker. */
export interface WorkerOptions {
  readonly interpreter: string;
  readonly env: NodeJS.ProcessEnv;
  readonly task: LoadTask;
  readonly startTimeoutMs: number;
  readonly log: WorkerLog;
  readonly clock: Clock;
}

/** A response, and the body of its frame. */
export interface Reply {
  readonly answer: CallAnswer;
  readonly body: Uint8Array<ArrayBuffer>;
}

interface Waiting {
  resolve(reply: Reply): void;
  reject(ending: Ending): void;
}

/** The numbers of calls are 1 to this one, and then again from 1. */
const MAX_CALL = 2 ** 32 - 1;

/** Maximum number of stderr lines that an ending may quote. */
const TAIL_LINES = 100;

/** One Python process with a loaded model. Contract: `worker-protocol.ts`. */
export class PythonWorker {
  /** Resolves when the process and all its descendants have exited. Never rejects. */
  readonly ended: Promise<Ending>;
  readonly #options: WorkerOptions;
  #process!: PythonProcess;
  readonly #calls = new Map<number, Waiting>();
  readonly #tail: string[] = [];
  #ready: { resolve(): void; reject(error: unknown): void } | undefined;
  #message: ReadyMessage | undefined;
  #killedAs: Ending | undefined;
  #lastCall = 0;
  #end!: (ending: Ending) => void;

  private constructor(options: WorkerOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Returns a worker whose process is running. It has not loaded its model yet. */
  static async #started(options: WorkerOptions): Promise<PythonWorker> {
    const worker = new PythonWorker(options);
    const reader = new FrameReader((frame) => worker.#take(frame));
    worker.#process = await PythonProcess.start(options, {
      buffer: () => reader.buffer(),
      onFilled: (count) => worker.#read(() => reader.filled(count)),
      onBytes: (bytes) => worker.#read(() => reader.push(bytes)),
      onLine: (stream, line) => worker.#takeLine(stream, line),
      onEnd: (status) => worker.#ended(worker.#killedAs ?? endingOf(status, worker.#tail)),
    });
    return worker;
  }

  /**
   * Starts a process and makes it load the model. If the signal aborts, the process is killed.
   *
   * @throws ServingError PYTHON_MODULE_FAILED, PYTHON_MODULE_UNFIT, PYTHON_START_TIMED_OUT, PYTHON_WORKER_DIED; or the
   * reason of the signal. No process is left then.
   */
  static async start(options: WorkerOptions, signal: AbortSignal): Promise<PythonWorker> {
    signal.throwIfAborted();
    const worker = await PythonWorker.#started(options);
    const { startTimeoutMs, clock, task } = options;
    const ready = new Promise<void>((resolve, reject) => {
      worker.#ready = { resolve, reject };
    });
    const stop = () => worker.#ready?.reject(signal.reason);
    if (signal.aborted) stop();
    const timer = clock.setTimeout(() => {
      worker.#ready?.reject(
        errors.startTimedOut(task.module, startTimeoutMs, quoted(worker.#tail)),
      );
    }, startTimeoutMs);
    signal.addEventListener("abort", stop, { once: true });
    try {
      worker.#process.write(writeFrame(task));
      await ready;
      return worker;
    } catch (error) {
      worker.#process.kill();
      await worker.ended;
      throw error;
    } finally {
      worker.#ready = undefined;
      timer[Symbol.dispose]();
      signal.removeEventListener("abort", stop);
    }
  }

  /** The pid of the process that runs the model. */
  get pid(): number {
    return this.#message?.pid ?? 0;
  }

  get model(): WorkerModel {
    return this.#message as ReadyMessage;
  }

  /** Makes a call. Rejects with an `Ending` if the process exits before it responds. */
  call(header: CallHeader, parts: readonly Uint8Array[]): Promise<Reply> {
    this.#lastCall = (this.#lastCall % MAX_CALL) + 1;
    const id = this.#lastCall;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#process.write(writeFrame(header, parts, id));
    });
  }

  /** Kills the process and all its descendants. */
  kill(ending: Ending): void {
    this.#killedAs ??= { ...ending, text: ending.text + quoted(this.#tail) };
    this.#process.kill();
  }

  /** Makes the process dispose the model and exit, and kills it after `timeoutMs`. Resolves when it has exited. */
  async close(timeoutMs: number): Promise<void> {
    this.#process.write(writeFrame({ kind: "close" }));
    const ending = {
      kind: "exit",
      text: `was killed: it did not end within ${timeoutMs} ms`,
    } as const;
    const timer = this.#options.clock.setTimeout(() => this.kill(ending), timeoutMs);
    await this.ended;
    timer[Symbol.dispose]();
  }

  #read(read: () => void): void {
    if (this.#killedAs !== undefined) return;
    try {
      read();
    } catch (error) {
      this.kill({ kind: "protocol", text: `was killed: ${messageOf(error)}` });
    }
  }

  #take({ header, body, call }: Frame): void {
    switch (header.kind) {
      case "answer":
        this.#answered(call, { answer: header as unknown as CallAnswer, body });
        break;
      case "log":
        this.#options.log.record(this.pid, header as unknown as LogLine);
        break;
      case "ready":
        this.#message = header as unknown as ReadyMessage;
        this.#ready?.resolve();
        break;
      case "failed":
      case "unfit":
        this.#failed(header as unknown as LoadFailure);
        break;
      default:
        throw new Error(`it wrote a frame of the unknown kind ${String(header.kind)}`);
    }
  }

  #answered(id: number, reply: Reply): void {
    const call = this.#calls.get(id);
    if (call === undefined) throw new Error("it answered a call that it did not get");
    this.#calls.delete(id);
    call.resolve(reply);
  }

  #failed(failure: LoadFailure): void {
    const { module } = this.#options.task;
    this.#options.log.trace(this.pid, `loading ${module} failed`, failure.trace);
    this.#ready?.reject(
      failure.kind === "unfit"
        ? errors.moduleUnfit(module, failure.text)
        : errors.moduleFailed(module, failure),
    );
  }

  #takeLine(stream: "stdout" | "stderr", line: string): void {
    if (stream === "stderr") {
      this.#tail.push(line);
      if (this.#tail.length > TAIL_LINES) this.#tail.shift();
    }
    this.#options.log.line(this.pid, stream, line);
  }

  #ended(ending: Ending): void {
    this.#ready?.reject(errors.startEnded(this.#options.task.module, ending.text));
    for (const call of this.#calls.values()) call.reject(ending);
    this.#calls.clear();
    this.#end(ending);
  }
}
