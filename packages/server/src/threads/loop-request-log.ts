import type { Clock, Logger, ServableId } from "@serving-kit/core";
import type { CallApi } from "../calls/call-observer.js";
import type { PredictCall } from "../calls/predict-call.js";
import { type LogListener, RequestLog } from "../request-log/request-log.js";
import type { LoggedRequest, RequestLogSink } from "../request-log/request-log-sink.js";

/** Where the requests that a loop samples go. */
export interface LoopRequestLogContext {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly listener: LogListener;
  /** Brings requests to the main thread. */
  readonly write: RequestLogSink["write"];
}

/** The request log of a loop: it samples, and the main thread writes. */
export class LoopRequestLog implements AsyncDisposable {
  readonly #samplingRate: (model: string) => number | undefined;
  readonly #context: LoopRequestLogContext;
  /** One queue to the main thread for each sampling rate, which is written into every record. */
  readonly #logs = new Map<number, RequestLog>();

  constructor(samplingRate: (model: string) => number | undefined, context: LoopRequestLogContext) {
    this.#samplingRate = samplingRate;
    this.#context = context;
  }

  /** Contract: `RequestLog.sample`. */
  sample(api: CallApi, id: ServableId, call: PredictCall): LoggedRequest | undefined {
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
    const samplingRate = this.#samplingRate(model);
    if (samplingRate === undefined) return undefined;
    let log = this.#logs.get(samplingRate);
    if (log === undefined) {
      const { write, logger, listener, clock } = this.#context;
      log = new RequestLog({ sink: { write }, samplingRate }, logger, listener, clock);
      this.#logs.set(samplingRate, log);
    }
    return log;
  }
}
