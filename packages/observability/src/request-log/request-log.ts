import {
  type Clock,
  type Logger,
  messageOf,
  type ServableId,
  systemClock,
} from "@serving-kit/core";
import type {
  LoggedRequest,
  PredictCall,
  RequestLogOptions,
  RequestLogSink,
} from "@serving-kit/server";
import { isLoggable, writePredictionLog } from "./prediction-log.js";

/** The outcome of a sampled request, as the name of a status code. */
export type LogStatus = "OK" | "RESOURCE_EXHAUSTED" | "INTERNAL";

/** Called once for each sampled request, with its outcome. */
export type LogListener = (request: LoggedRequest, status: LogStatus) => void;

const DEFAULT_MAX_QUEUED_BYTES = 64 * 2 ** 20;

/** Maximum time in ms that closing waits for the sink. */
const CLOSE_TIMEOUT_MS = 5_000;

/** Overhead in bytes that is added to the size of each request: many empty requests take memory as well. */
const OVERHEAD_BYTES = 256;

/**
 * Samples requests and passes them to a sink, through a queue of bounded size.
 *
 * Calls never wait for the sink or receive its errors. Requests are dropped if the queue is full
 * (RESOURCE_EXHAUSTED), and lost if the sink rejects them (INTERNAL). The listener is called for each of them, the
 * logger only when a series of drops or failures starts.
 */
export class RequestLog implements AsyncDisposable {
  readonly #samplingRate: number;
  readonly #clock: Clock;
  readonly #sink: RequestLogSink;
  readonly #maxQueuedBytes: number;
  readonly #logger: Logger;
  readonly #listener: LogListener;
  readonly #random: () => number;
  #queue: LoggedRequest[] = [];
  #queuedBytes = 0;
  #isDropping = false;
  /** The last logged error of the sink, until the sink writes again. */
  #logged: string | undefined;
  #writing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** @param random Returns numbers in [0, 1). Default `Math.random`. */
  constructor(
    { sink, samplingRate = 1, maxQueuedBytes = DEFAULT_MAX_QUEUED_BYTES }: RequestLogOptions,
    logger: Logger,
    listener: LogListener = () => {},
    clock: Clock = systemClock,
    random: () => number = Math.random,
  ) {
    this.#sink = sink;
    this.#clock = clock;
    this.#samplingRate = samplingRate;
    this.#maxQueuedBytes = maxQueuedBytes;
    this.#logger = logger;
    this.#listener = listener;
    this.#random = random;
  }

  /** Copies a call before it runs, if it is sampled and a PredictionLog can represent it. Never throws. */
  sample(api: string, id: ServableId, call: PredictCall): LoggedRequest | undefined {
    if (this.#closing || this.#random() >= this.#samplingRate) return undefined;
    if (!isLoggable(api, call)) return undefined;
    try {
      return { api, id, predictionLog: writePredictionLog(api, id, call, this.#samplingRate) };
    } catch (error) {
      this.#logger.error({ err: error }, `request log: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Queues a request for the sink, or drops it. Never throws. */
  add(request: LoggedRequest): void {
    const bytes = request.predictionLog.length + OVERHEAD_BYTES;
    if (this.#closing || this.#queuedBytes + bytes > this.#maxQueuedBytes) {
      this.#drop(request);
      return;
    }
    this.#queuedBytes += bytes;
    this.#queue.push(request);
    this.#writing ??= this.#write();
  }

  /** See `RequestLogSink.reopen`. */
  reopen(): void {
    this.#sink.reopen?.();
  }

  #drop(request: LoggedRequest): void {
    this.#listener(request, "RESOURCE_EXHAUSTED");
    if (this.#isDropping) return;
    this.#isDropping = true;
    this.#logger.warn({}, "request log: queue full, dropping requests: the sink is too slow");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #write(): Promise<void> {
    await Promise.resolve(); // Requests of the same turn are written together.
    while (this.#queue.length > 0) {
      const requests = this.#queue;
      this.#queue = [];
      let status: LogStatus = "OK";
      try {
        await this.#sink.write(requests);
        this.#logged = undefined;
      } catch (error) {
        status = "INTERNAL";
        this.#logOnce(error);
      }
      for (const request of requests) {
        this.#queuedBytes -= request.predictionLog.length + OVERHEAD_BYTES;
        this.#listener(request, status);
      }
      this.#isDropping = false;
    }
    this.#writing = undefined;
  }

  /** Logs an error of the sink only once, because a full disk fails every request. */
  #logOnce(error: unknown): void {
    const message = messageOf(error);
    if (message === this.#logged) return;
    this.#logged = message;
    this.#logger.error({ err: error }, `request log: ${message}`);
  }

  async #close(): Promise<void> {
    const { promise: isOverdue, timer } = this.#timeout();
    const written = (this.#writing ?? Promise.resolve()).then(() => this.#sink.close?.());
    try {
      await Promise.race([written, isOverdue]);
    } catch (error) {
      this.#logger.error({ err: error }, `request log: ${messageOf(error)}`);
    }
    timer[Symbol.dispose]();
  }

  /** Waits only for a limited time: a sink that never settles must not keep the server from closing. */
  #timeout(): { promise: Promise<void>; timer: Disposable } {
    let onTimeout = () => {};
    const promise = new Promise<void>((resolve) => {
      onTimeout = resolve;
    });
    const timer = this.#clock.setTimeout(() => {
      this.#logger.warn(
        {},
        `request log: the sink did not close within ${CLOSE_TIMEOUT_MS} ms; its last requests may be lost`,
      );
      onTimeout();
    }, CLOSE_TIMEOUT_MS);
    return { promise, timer };
  }
}
