import type { Worker } from "node:worker_threads";
import { type ServableHandle, type ServableId, startWorker } from "@serving-kit/core";
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

/** The main thread's view of one event loop in a worker thread, from its start to its end. */
export class Loop {
  /** Calls to the loop. They reject with LOOP_ENDED (UNAVAILABLE) once it has ended. */
  readonly channel: ThreadChannel<MainMethods, LoopMethods>;
  /** Resolves when the thread has ended, with an error that describes the end. */
  readonly ended: Promise<Error>;
  /** True if it has all versions and is listening. The owner updates it. */
  isUp = false;
  readonly #worker: Worker;
  readonly #attached = new Map<string, Attached>();
  /** Versions that the loop failed to release. */
  readonly #stuck = new Set<Attached>();
  readonly #held = new Map<string, ServableHandle<Predictor>>();
  #hasEnded = false;

  constructor(settings: LoopSettings, methods: MainMethods) {
    const worker = startWorker("./loop-worker", import.meta.url, { workerData: settings });
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
   * Attaches a version, once. If the loop ends while it has the version, `lost` is called, because the loop can no
   * longer release it.
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

  /** Makes an attached version available in the loop. */
  publish(id: ServableId): Promise<void> {
    return this.channel.call("publish", id);
  }

  /**
   * Records that the loop holds a version: the handle is released once the loop has released the version, or has ended.
   */
  hold(handle: ServableHandle<Predictor>): void {
    const key = versionKey(handle.id);
    if (this.#hasEnded || this.#held.has(key)) handle.release();
    else this.#held.set(key, handle);
  }

  /** Withdraws a version. Resolves when the loop has released it, or has ended. */
  async withdraw(id: ServableId): Promise<void> {
    const key = versionKey(id);
    const attached = this.#attached.get(key);
    try {
      await this.channel.call("withdraw", id);
      this.#attached.delete(key);
    } catch (error) {
      if (this.#hasEnded) return;
      // Released when the thread ends; the version may be attached again before that.
      this.#attached.delete(key);
      if (attached) this.#stuck.add(attached);
      throw error;
    } finally {
      this.#held.get(key)?.release();
      this.#held.delete(key);
    }
  }

  /** Ends the thread from within, so that it releases the resources of others that it holds. */
  async end(): Promise<void> {
    this.channel.tell("end", undefined);
    await this.ended;
  }

  /** Terminates the thread. The resources of others that it holds may leak. */
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
