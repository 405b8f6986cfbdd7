import type { ServableId } from "@serving-kit/core";
import type {
  LoggedRequest,
  LoopObserver,
  ObserverHost,
  PredictCall,
  RequestLogSink,
} from "@serving-kit/server";
import { type LogListener, RequestLog } from "./request-log.js";

/** The sampling rates of requests. Survives `structuredClone`. */
export interface SamplingRates {
  /** The rates of models with their own log. */
  readonly own: ReadonlyMap<string, number>;
  /** The rate of all other models; undefined if they are not logged. */
  readonly others: number | undefined;
}

/** The request log of an event loop in a worker thread: it samples, and the main thread writes. */
export class LoopRequestLog implements LoopObserver {
  readonly #host: Pick<ObserverHost, "logger" | "clock">;
  readonly #listener: LogListener;
  readonly #sink: RequestLogSink;
  /** One queue to the main thread for each sampling rate, because every record contains its rate. */
  readonly #logs = new Map<number, RequestLog>();
  #rates: SamplingRates = { own: new Map(), others: undefined };

  /** `sink` passes requests to the main thread. */
  constructor(
    sink: RequestLogSink,
    host: Pick<ObserverHost, "logger" | "clock">,
    listener: LogListener,
  ) {
    this.#host = host;
    this.#sink = sink;
    this.#listener = listener;
  }

  /** True if any model has a log. */
  get isLogging(): boolean {
    return this.#rates.others !== undefined || this.#rates.own.size > 0;
  }

  /** Sets the sampling rates. */
  learn(rates: unknown): void {
    this.#rates = rates as SamplingRates;
  }

  /** Contract: `RequestLog.sample`. */
  sample(api: string, id: ServableId, call: PredictCall): LoggedRequest | undefined {
    return this.#of(id.name)?.sample(api, id, call);
  }

  /** Contract: `RequestLog.add`. */
  add(request: LoggedRequest): void {
    this.#of(request.id.name)?.add(request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#logs.values()].map((log) => log[Symbol.asyncDispose]()));
  }

  #of(model: string): RequestLog | undefined {
    const samplingRate = this.#rates.own.get(model) ?? this.#rates.others;
    if (samplingRate === undefined) return undefined;
    let log = this.#logs.get(samplingRate);
    if (log === undefined) {
      const { logger, clock } = this.#host;
      log = new RequestLog({ sink: this.#sink, samplingRate }, logger, this.#listener, clock);
      this.#logs.set(samplingRate, log);
    }
    return log;
  }
}
