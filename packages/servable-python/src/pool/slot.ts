import type { Clock } from "@serving-kit/core";
import { messageOf } from "@serving-kit/core";
import type { Ending, EndingKind } from "../worker/ending.js";
import type { PythonWorker, Reply } from "../worker/python-worker.js";
import type { WorkerLog } from "../worker/worker-log.js";
import { restartDelayMs } from "./backoff.js";
import type { PoolCall } from "./pool-call.js";

/** The parts of its pool that a slot needs. */
export interface SlotOptions {
  /** Starts the worker of this slot. */
  start(signal: AbortSignal): Promise<PythonWorker>;
  /** Maximum number of concurrent calls. */
  readonly concurrency: number;
  /** Time in ms after which a running call counts as hung. 0: never. */
  readonly hangTimeoutMs: number;
  readonly clock: Clock;
  readonly log: WorkerLog;
  /** Called when the slot can take calls, or its state has changed in another way. */
  onChange(): void;
  /** Returns the error of a call whose process exited. */
  died(ending: Ending): Error;
}

/** Time in ms in which a closing worker must dispose its model. */
const CLOSE_MS = 5_000;

/** A slot for one worker, which is restarted when it exits. */
export class Slot {
  /** Number of restarts, by the kind of ending before them. */
  readonly restarts = new Map<EndingKind, number>();
  /** A description of the last ending, or of the reason why the worker did not start. */
  lastEnding: string | undefined;
  /** The time of the next start, on the clock; undefined if a worker is up or starting. */
  retryAtMs: number | undefined;
  readonly #options: SlotOptions;
  readonly #closing = new AbortController();
  /** The running calls, with their start times. */
  readonly #running = new Map<PoolCall, number>();
  #worker: PythonWorker | undefined;
  #timer: Disposable | undefined;
  #hangTimer: Disposable | undefined;
  #starting: Promise<void> | undefined;
  #failures = 0;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  get worker(): PythonWorker | undefined {
    return this.#worker;
  }

  get running(): number {
    return this.#running.size;
  }

  get hasRoom(): boolean {
    return this.#worker !== undefined && this.#running.size < this.#options.concurrency;
  }

  /** Starts the first worker. Rejects if that fails. */
  async open(signal: AbortSignal): Promise<void> {
    this.#take(await this.#options.start(signal));
  }

  run(call: PoolCall): void {
    const worker = this.#worker as PythonWorker;
    const { clock } = this.#options;
    this.#running.set(call, clock.now());
    this.#watchForHangs();
    call.onStart?.(worker.pid);
    worker.call(call.header, call.parts).then(
      (reply) => this.#answered(call, reply),
      (ending: Ending) => {
        this.#running.delete(call);
        call.reject(this.#options.died(ending));
      },
    );
  }

  /** Starts another worker, which replaces the current one when it is ready. */
  async replace(accepts: (worker: PythonWorker) => boolean): Promise<void> {
    const next = await this.#options.start(this.#closing.signal);
    const before = this.#worker;
    if (!accepts(next) || this.#closing.signal.aborted || before === undefined) {
      return next.close(CLOSE_MS);
    }
    this.#take(next);
    await before.close(CLOSE_MS);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#timer?.[Symbol.dispose]();
    await this.#starting;
    await this.#worker?.close(CLOSE_MS);
    this.#hangTimer?.[Symbol.dispose]();
  }

  #answered(call: PoolCall, reply: Reply): void {
    this.#running.delete(call);
    this.#failures = 0;
    call.resolve(reply);
    this.#options.onChange();
  }

  #take(worker: PythonWorker): void {
    this.#worker = worker;
    this.retryAtMs = undefined;
    void worker.ended.then((ending) => {
      if (this.#worker === worker) this.#ended(ending);
    });
    this.#options.onChange();
  }

  #ended(ending: Ending): void {
    this.#worker = undefined;
    if (this.#closing.signal.aborted) return;
    this.lastEnding = ending.text;
    this.#options.log.warn(`the Python process ${ending.text}`);
    this.#restart(ending.kind);
  }

  #restart(kind: EndingKind): void {
    this.restarts.set(kind, (this.restarts.get(kind) ?? 0) + 1);
    const delayMs = restartDelayMs(this.#failures++);
    const { clock } = this.#options;
    if (delayMs === 0) this.#start();
    else {
      this.retryAtMs = clock.now() + delayMs;
      this.#timer = clock.setTimeout(() => this.#start(), delayMs);
      this.#options.onChange();
    }
  }

  #start(): void {
    this.retryAtMs = undefined;
    const { signal } = this.#closing;
    this.#starting = this.#options.start(signal).then(
      (worker) => this.#take(worker),
      (error: unknown) => {
        if (signal.aborted) return;
        this.lastEnding = `did not start: ${messageOf(error)}`;
        this.#options.log.warn(`a Python process did not start: ${messageOf(error)}`);
        this.#restart("start");
      },
    );
  }

  /** Uses one timer, for the oldest call. A call that ends does not clear it. */
  #watchForHangs(): void {
    const { hangTimeoutMs, clock } = this.#options;
    if (hangTimeoutMs === 0 || this.#hangTimer !== undefined) return;
    this.#hangTimer = clock.setTimeout(() => this.#checkForHangs(), hangTimeoutMs);
  }

  #checkForHangs(): void {
    const { hangTimeoutMs, clock } = this.#options;
    this.#hangTimer = undefined;
    const oldestAtMs = Math.min(...this.#running.values());
    const leftMs = oldestAtMs + hangTimeoutMs - clock.now();
    if (leftMs <= 0) {
      const text = `was killed: a call took longer than hang_timeout_ms (${hangTimeoutMs} ms)`;
      this.#worker?.kill({ kind: "hang", text });
    } else if (leftMs < Number.POSITIVE_INFINITY) {
      this.#hangTimer = clock.setTimeout(() => this.#checkForHangs(), leftMs);
    }
  }
}
