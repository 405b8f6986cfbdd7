import {
  type Clock,
  type Logger,
  messageOf,
  type ServableId,
  systemClock,
} from "@serving-kit/core";
import type { CallApi } from "../calls/call-observer.js";
import type { PredictCall } from "../calls/predict-call.js";
import { writePredictionLog } from "./prediction-log.js";
import type { LoggedRequest, RequestLogOptions, RequestLogSink } from "./request-log-sink.js";

/** What became of a request that was sampled, as the name of a status code. */
export type LogStatus = "OK" | "RESOURCE_EXHAUSTED" | "INTERNAL";

/** What a request log tells of each request that was sampled, once. */
export type LogListener = (request: LoggedRequest, status: LogStatus) => void;

const DEFAULT_MAX_QUEUED_BYTES = 64 * 2 ** 20;

/** For how long closing waits for the sink. */
const CLOSE_TIMEOUT_MS = 5_000;

/** So many bytes are counted for each request beside its own: many empty ones take memory as well. */
const OVERHEAD_BYTES = 256;

/**
 * Samples requests and brings them to a sink, through a queue of bounded size.
 *
 * No caller ever waits for the sink or sees its errors: what finds the queue full is dropped
 * (RESOURCE_EXHAUSTED), what the sink rejects is lost (INTERNAL), and both are told to the listener
 * and, when it begins, to the logger.
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
  /** What was told last to be wrong with the sink, until it writes again. */
  #told: string | undefined;
  #writing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** @param random Gives numbers from 0 to below 1. Default `Math.random`. */
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

  /** Copies a call that is about to run, if it is one of those that are sampled. Never throws. */
  sample(api: CallApi, id: ServableId, call: PredictCall): LoggedRequest | undefined {
    if (this.#closing || this.#random() >= this.#samplingRate) return undefined;
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

  #drop(request: LoggedRequest): void {
    this.#listener(request, "RESOURCE_EXHAUSTED");
    if (this.#isDropping) return;
    this.#isDropping = true;
    this.#logger.warn({}, "request log: requests are dropped, the sink is slower than they come");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #write(): Promise<void> {
    await Promise.resolve(); // what comes in the same turn is written together
    while (this.#queue.length > 0) {
      const requests = this.#queue;
      this.#queue = [];
      let status: LogStatus = "OK";
      try {
        await this.#sink.write(requests);
        this.#told = undefined;
      } catch (error) {
        status = "INTERNAL";
        this.#tell(error);
      }
      for (const request of requests) {
        this.#queuedBytes -= request.predictionLog.length + OVERHEAD_BYTES;
        this.#listener(request, status);
      }
      this.#isDropping = false;
    }
    this.#writing = undefined;
  }

  /** Tells once what the sink fails by: a disk that is full fails every request. */
  #tell(error: unknown): void {
    const message = messageOf(error);
    if (message === this.#told) return;
    this.#told = message;
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

  /** A sink that never settles must not keep a server from closing. */
  #timeout(): { promise: Promise<void>; timer: Disposable } {
    let onTimeout = () => {};
    const promise = new Promise<void>((resolve) => {
      onTimeout = resolve;
    });
    const timer = this.#clock.setTimeout(() => {
      this.#logger.warn({}, `request log: given up, the sink took over ${CLOSE_TIMEOUT_MS} ms`);
      onTimeout();
    }, CLOSE_TIMEOUT_MS);
    return { promise, timer };
  }
}
