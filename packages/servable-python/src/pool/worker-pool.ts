import { type Clock, InFlight, settleBy } from "@serving-kit/core";
import { inferenceErrors, type RespondOptions } from "@serving-kit/inference";
import { errors } from "../errors.js";
import type { CallHeader, WorkerModel } from "../protocol/worker-protocol.js";
import type { EndingKind } from "../worker/ending.js";
import type { PythonWorker, Reply } from "../worker/python-worker.js";
import type { WorkerLog } from "../worker/worker-log.js";
import { PoolCall } from "./pool-call.js";
import { Slot } from "./slot.js";

/** The dependencies of a pool. */
export interface PoolOptions {
  /** The name of the version in messages. */
  readonly name: string;
  readonly workers: number;
  /** Maximum number of concurrent calls of each worker. */
  readonly concurrency: number;
  /** The time in ms from the start of a call after which its worker is killed. 0: never. */
  readonly hangTimeoutMs: number;
  /** Starts the worker with this number, from 0. */
  start(worker: number, signal: AbortSignal): Promise<PythonWorker>;
  readonly clock: Clock;
  readonly log: WorkerLog;
}

/**
 * The workers of a version. Guarantees:
 * - WP1 A call goes to the least busy worker with room. If none has room, it waits, first in first out.
 * - WP2 If a worker exits, the calls that it ran reject with UNAVAILABLE / PYTHON_WORKER_DIED, which describes the
 *   ending. Waiting calls keep their place. No call is retried.
 * - WP3 A worker that exited is restarted: immediately, then after 250 ms, doubled up to 30 s. A successful call resets
 *   the delay.
 * - WP4 A call rejects at its deadline, or when its signal aborts. Its worker is not killed, and counts as busy until
 *   it responds.
 * - WP5 A worker is killed when one of its calls has run for `hangTimeoutMs`.
 * - WP6 If no worker is up, and none will start before the deadline of a call, the call rejects with UNAVAILABLE /
 *   PYTHON_NO_WORKER, which describes the last ending.
 * - WP7 Disposal waits for calls in flight, makes the workers dispose the model, and resolves once all processes have
 *   exited.
 */
export class WorkerPool implements AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #slots: readonly Slot[];
  readonly #waiting = new Set<PoolCall>();
  readonly #inFlight = new InFlight();
  #isClosing = false;
  #disposal: Promise<void> | undefined;

  private constructor(options: PoolOptions) {
    this.#options = options;
    const { concurrency, hangTimeoutMs, clock, log, name } = options;
    this.#slots = Array.from(
      { length: options.workers },
      (_, i) =>
        new Slot({
          ...{ concurrency, hangTimeoutMs, clock, log },
          start: (signal) => options.start(i, signal),
          onChange: () => this.#assign(),
          died: (ending) => errors.workerDied(name, ending.text),
        }),
    );
  }

  /** Starts all workers. If one fails, rejects with the first failure, and no process is left. */
  static async open(options: PoolOptions, signal: AbortSignal): Promise<WorkerPool> {
    const pool = new WorkerPool(options);
    const failing = new AbortController();
    const either = AbortSignal.any([signal, failing.signal]);
    const opened = pool.#slots.map((slot) =>
      slot.open(either).catch((error: unknown) => {
        failing.abort(error);
        throw error;
      }),
    );
    try {
      await Promise.all(opened);
      return pool;
    } catch (error) {
      await Promise.allSettled(opened);
      await pool[Symbol.asyncDispose]();
      throw signal.aborted ? signal.reason : failing.signal.aborted ? failing.signal.reason : error;
    }
  }

  /** The first worker's description of its model. */
  get model(): WorkerModel {
    return (this.#slots[0] as Slot).worker?.model as WorkerModel;
  }

  /** The workers that are up. */
  get workers(): readonly PythonWorker[] {
    return this.#slots.flatMap(({ worker }) => worker ?? []);
  }

  /** The workers that run a call. */
  get busy(): number {
    return this.#slots.filter(({ running }) => running > 0).length;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Number of restarts, by the kind of ending before them. */
  get restarts(): ReadonlyMap<EndingKind, number> {
    const all = new Map<EndingKind, number>();
    for (const { restarts } of this.#slots) {
      for (const [kind, count] of restarts) all.set(kind, (all.get(kind) ?? 0) + count);
    }
    return all;
  }

  /** Makes a call: WP1 to WP6. The parts must not change before the worker has responded or exited. */
  async call(
    header: CallHeader,
    parts: readonly Uint8Array[],
    { deadlineAtMs = Number.POSITIVE_INFINITY, signal, onFact }: RespondOptions = {},
  ): Promise<Reply> {
    if (this.#isClosing) throw inferenceErrors.predictorClosed();
    const onStart = onFact && ((pid: number) => onFact("process.pid", pid));
    const call = new PoolCall(header, parts, deadlineAtMs, onStart);
    this.#inFlight.begin();
    this.#waiting.add(call);
    this.#assign();
    try {
      if (signal === undefined && deadlineAtMs === Number.POSITIVE_INFINITY) {
        return await call.promise;
      }
      const { clock } = this.#options;
      const deadline = { clock, atMs: deadlineAtMs, error: () => this.#lateError(call) };
      return await settleBy(call.promise, { signal, deadline });
    } finally {
      this.#waiting.delete(call);
      this.#inFlight.end();
    }
  }

  /**
   * Replaces all workers, one after another, with workers that have loaded the model again. If a new worker does not
   * start, rejects and keeps the current ones.
   *
   * @param accepts Returns whether a new worker may take over.
   */
  async replace(accepts: (worker: PythonWorker) => boolean): Promise<void> {
    for (const slot of this.#slots) await slot.replace(accepts);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  async #dispose(): Promise<void> {
    this.#assign();
    if (this.#inFlight.count > 0) await this.#inFlight.idle();
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }

  #assign(): void {
    for (const call of this.#waiting) {
      const slot = this.#idlest();
      if (slot === undefined) {
        this.#refuseHopeless();
        return;
      }
      this.#waiting.delete(call);
      slot.run(call);
    }
  }

  #idlest(): Slot | undefined {
    let idlest: Slot | undefined;
    for (const slot of this.#slots) {
      if (slot.hasRoom && (idlest === undefined || slot.running < idlest.running)) idlest = slot;
    }
    return idlest;
  }

  /** Rejects the calls for which no worker will be up in time (WP6). */
  #refuseHopeless(): void {
    const { clock } = this.#options;
    const atMs = Math.min(
      ...this.#slots.map(({ retryAtMs }) => retryAtMs ?? Number.NEGATIVE_INFINITY),
    );
    if (atMs === Number.NEGATIVE_INFINITY) return; // a worker is up or starting
    for (const call of this.#waiting) {
      if (call.deadlineAtMs > atMs && !this.#isClosing) continue;
      this.#waiting.delete(call);
      call.reject(errors.noWorker(this.#options.name, this.#lastEnding, atMs - clock.now()));
    }
  }

  #lateError(call: PoolCall): Error {
    const isLost = this.#waiting.has(call) && this.workers.length === 0;
    if (!isLost) return inferenceErrors.deadlineExceeded();
    return errors.noWorker(this.#options.name, this.#lastEnding, 0);
  }

  get #lastEnding(): string {
    return this.#slots.find(({ lastEnding }) => lastEnding !== undefined)?.lastEnding ?? "ended";
  }
}
