import type { Worker } from "node:worker_threads";
import { type Code, ServingError, startWorker } from "@serving-kit/core";
import { loadSharp } from "./decoder.js";
import type { ImagePlan } from "./image-options.js";
import type { PictureValues } from "./picture-converter.js";

/** The start data of the worker thread. */
export interface PictureThreadData {
  /** sharp's threads per image. */
  readonly concurrency: number;
}

/** A message to the worker thread. */
export interface PictureRequest {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly plan: ImagePlan;
}

/** The outcome of a request: the values, the parts of a ServingError, or the message of an unexpected error. */
export type PictureOutcome =
  | { readonly values: PictureValues }
  | {
      readonly code: Code;
      readonly reason: string;
      readonly message: string;
      readonly details: Readonly<Record<string, unknown>>;
    }
  | { readonly unexpected: string };

/** A message from the worker thread: it is ready, or a request has ended. */
type Answer = "ready" | { readonly id: number; readonly outcome: PictureOutcome };

/**
 * A worker thread that converts images. It does not keep the process alive, except while requests are pending. A thread
 * that failed does not return.
 */
export class PictureThread {
  readonly #pending = new Map<number, (outcome: PictureOutcome | undefined) => void>();
  #worker: Worker | undefined;
  #isReady = false;
  #count = 0;

  /** True if requests can be sent. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Starts the thread. Resolves when it is ready, or has failed. */
  async start(): Promise<void> {
    const sharp = await loadSharp();
    const workerData: PictureThreadData = { concurrency: sharp.concurrency() };
    await new Promise<void>((resolve) => {
      const end = () => {
        this.#end();
        resolve();
      };
      try {
        this.#worker = startWorker("./picture-worker", import.meta.url, {
          ...{ workerData, name: "pictures" },
        });
      } catch {
        return end(); // For example `--permission` without `--allow-worker`.
      }
      this.#worker.on("error", end).on("exit", end);
      this.#worker.on("message", (answer: Answer) => {
        if (answer !== "ready") return this.#settle(answer.id, answer.outcome);
        this.#isReady = true;
        resolve();
      });
      this.#worker.unref();
    });
  }

  /**
   * Converts an image. Returns undefined if the thread ended before.
   *
   * @throws ServingError the error of the thread.
   */
  async convert(bytes: Uint8Array, plan: ImagePlan): Promise<PictureValues | undefined> {
    const id = ++this.#count;
    // A copy, because a view would be sent with its whole buffer.
    const copy = new Uint8Array(bytes);
    const outcome = await new Promise<PictureOutcome | undefined>((resolve) => {
      if (this.#pending.size === 0) this.#worker?.ref();
      this.#pending.set(id, resolve);
      const request: PictureRequest = { id, bytes: copy, plan };
      this.#worker?.postMessage(request, [copy.buffer]);
    });
    if (outcome === undefined || "values" in outcome) return outcome?.values;
    if ("unexpected" in outcome) throw new Error(outcome.unexpected);
    const { code, reason, message, details } = outcome;
    throw new ServingError(code, reason, message, { details });
  }

  #settle(id: number, outcome: PictureOutcome | undefined): void {
    this.#pending.get(id)?.(outcome);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#worker?.unref();
  }

  #end(): void {
    this.#isReady = false;
    for (const id of this.#pending.keys()) this.#settle(id, undefined);
    void this.#worker?.terminate();
  }
}
