import { Worker, type WorkerOptions } from "node:worker_threads";
import type { ServableHandle, ServableId } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { errors } from "../errors.js";
import type { LoopMethods, LoopSettings, MainMethods, ReplicaOrigin } from "./loop-messages.js";
import { versionKey } from "./loop-messages.js";
import { ThreadChannel } from "./thread-channel.js";

/** A version that is attached to a loop. */
interface Attached {
  readonly done: Promise<void>;
  lost(): void;
}

/** One event loop in a worker thread, as the main thread sees it, from its start to its end. */
export class Loop {
  /** Calls to the loop. They reject with LOOP_ENDED (UNAVAILABLE) when it has ended. */
  readonly channel: ThreadChannel<MainMethods, LoopMethods>;
  /** Resolves when the thread has ended, with an error that says how. */
  readonly ended: Promise<Error>;
  /** Whether it can answer from all versions and listens. Kept by the owner. */
  isUp = false;
  readonly #worker: Worker;
  readonly #attached = new Map<string, Attached>();
  /** Versions that the loop could not release. */
  readonly #stuck = new Set<Attached>();
  readonly #held = new Map<string, ServableHandle<Predictor>>();
  #hasEnded = false;

  constructor(settings: LoopSettings, methods: MainMethods) {
    const worker = startWorker("loop-worker", { workerData: settings });
    this.#worker = worker;
    this.channel = new ThreadChannel<MainMethods, LoopMethods>(worker, methods);
    this.ended = new Promise((resolve) => {
      let cause: unknown;
      worker.once("error", (error) => {
        cause = error;
      });
      worker.once("exit", (code) => resolve(this.#end(code, cause)));
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Attaches a version, once. When the loop ends while it has it, `lost` is called in place of what the
   * loop would have done to give it back.
   */
  attach(
    id: ServableId,
    origin: () => ReplicaOrigin,
    lost: (origin: ReplicaOrigin) => void,
  ): Promise<void> {
    const key = versionKey(id);
    let attached = this.#attached.get(key);
    if (attached === undefined) {
      const own = origin();
      const done = this.channel.call("attach", { id, origin: own });
      attached = { done, lost: () => lost(own) };
      this.#attached.set(key, attached);
    }
    return attached.done;
  }

  /** Lets the loop answer from a version that is attached. */
  publish(id: ServableId): Promise<void> {
    return this.channel.call("publish", id);
  }

  /** The loop holds a version: the handle is released when it has let go of it, or has ended. */
  hold(handle: ServableHandle<Predictor>): void {
    const key = versionKey(handle.id);
    if (this.#hasEnded || this.#held.has(key)) handle.release();
    else this.#held.set(key, handle);
  }

  /** Takes a version away. Resolves when the loop has let go of it, or has ended. */
  async withdraw(id: ServableId): Promise<void> {
    const key = versionKey(id);
    const attached = this.#attached.get(key);
    try {
      await this.channel.call("withdraw", id);
      this.#attached.delete(key);
    } catch (error) {
      if (this.#hasEnded) return;
      // Given back when the thread ends; the version may be attached again before that.
      this.#attached.delete(key);
      if (attached) this.#stuck.add(attached);
      throw error;
    } finally {
      this.#held.get(key)?.release();
      this.#held.delete(key);
    }
  }

  /** Ends the thread from within, so that what it holds of others is given back. */
  async end(): Promise<void> {
    this.channel.tell("end", undefined);
    await this.ended;
  }

  /** Terminates the thread. What it holds of others may be lost. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
    await this.ended;
  }

  #end(code: number, cause: unknown): Error {
    this.#hasEnded = true;
    const error = errors.loopEnded(code, cause);
    this.channel.end(error);
    for (const { lost } of [...this.#attached.values(), ...this.#stuck]) lost();
    for (const handle of this.#held.values()) handle.release();
    this.#held.clear();
    return error;
  }
}

const IS_SOURCE = import.meta.url.endsWith(".ts");

/**
 * Starts a worker thread from a module of this package, by its name without extension, as seen from
 * this folder in the sources and from `dist` in the published package.
 *
 * In the sources the module is TypeScript, which the worker learns to load by itself: Node 20 hands no
 * loader down to workers.
 */
export function startWorker(name: string, options: WorkerOptions): Worker {
  if (!IS_SOURCE) return new Worker(new URL(`./${name}.js`, import.meta.url), options);
  const file = JSON.stringify(new URL(`./${name}.ts`, import.meta.url).href);
  const program = `import("tsx/esm/api").then(({ register }) => (register(), import(${file})));`;
  const execArgv = ["--conditions=@serving-kit/source"];
  return new Worker(program, { ...options, eval: true, execArgv });
}
