import type { ServableId } from "@serving-kit/core";
import {
  type LoggedRequest,
  type LoopObserver,
  type ModelConfig,
  type ObserverHost,
  type PredictCall,
  type RequestLogFileOptions,
  type RequestLogOptions,
  requestLogPath,
} from "@serving-kit/server";
import { fileSinkOf } from "./file-sinks.js";
import type { SamplingRates } from "./loop-request-log.js";
import { type LogListener, RequestLog } from "./request-log.js";

/** The parts of the server that request logs use. */
export type LoggingHost = Pick<ObserverHost, "logger" | "clock" | "newsChanged">;

/** Options for a request log with a sink or a file. */
export type AnyRequestLogOptions = RequestLogOptions | RequestLogFileOptions;

/** The log of one model. Logs with equal keys are interchangeable. */
interface OwnLog {
  readonly key: unknown;
  readonly samplingRate: number;
  readonly log: RequestLog;
}

/** The request logs of a server, in the main thread: those of models, and one for all models without their own log. */
export class ModelRequestLogs implements LoopObserver {
  readonly #host: LoggingHost;
  readonly #listener: LogListener;
  readonly #shared: RequestLog | undefined;
  readonly #sharedRate: number | undefined;
  #own: ReadonlyMap<string, OwnLog> = new Map();
  /** Logs that were replaced and are still writing. */
  readonly #ending = new Set<Promise<void>>();

  constructor(shared: AnyRequestLogOptions | undefined, host: LoggingHost, listener: LogListener) {
    this.#host = host;
    this.#listener = listener;
    this.#shared = shared && this.#open(shared);
    this.#sharedRate = shared && (shared.samplingRate ?? 1);
  }

  /** True if any model has a log. */
  get isLogging(): boolean {
    return this.#shared !== undefined || this.#own.size > 0;
  }

  /** Returns the sampling rates for event loops, which sample but do not write. */
  news(): SamplingRates {
    const own = [...this.#own].map(([name, { samplingRate }]) => [name, samplingRate] as const);
    return { own: new Map(own), others: this.#sharedRate };
  }

  /** Replaces the logs of models by the configured ones. A log whose configuration has not changed is kept. */
  configure(models: Iterable<ModelConfig>): void {
    const before = this.#own;
    const own = new Map<string, OwnLog>();
    for (const { name, requestLog } of models) {
      if (requestLog === undefined) continue;
      const key = keyOf(requestLog);
      const current = before.get(name);
      own.set(name, current && current.key === key ? current : this.#openOwn(key, requestLog));
    }
    this.#own = own;
    const kept = new Set(own.values());
    for (const replaced of before.values()) if (!kept.has(replaced)) this.#end(replaced.log);
    this.#host.newsChanged();
  }

  /** Contract: `RequestLog.sample`. */
  sample(api: string, id: ServableId, call: PredictCall): LoggedRequest | undefined {
    return this.#of(id.name)?.sample(api, id, call);
  }

  /** Contract: `RequestLog.add`. */
  add(request: LoggedRequest): void {
    this.#of(request.id.name)?.add(request);
  }

  /** Contract: `LoopObserver.reopenLogs`. */
  reopenLogs(): void {
    this.#shared?.reopen();
    for (const { log } of this.#own.values()) log.reopen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { log } of this.#own.values()) this.#end(log);
    if (this.#shared) this.#end(this.#shared);
    await Promise.all(this.#ending);
  }

  #of(name: string): RequestLog | undefined {
    return this.#own.get(name)?.log ?? this.#shared;
  }

  #openOwn(key: unknown, options: AnyRequestLogOptions): OwnLog {
    return { key, samplingRate: options.samplingRate ?? 1, log: this.#open(options) };
  }

  #open(options: AnyRequestLogOptions): RequestLog {
    const { logger, clock } = this.#host;
    const { samplingRate = 1 } = options;
    const withSink = "sink" in options ? options : { sink: fileSinkOf(options), samplingRate };
    return new RequestLog(withSink, logger, this.#listener, clock);
  }

  #end(log: RequestLog): void {
    const ended = log[Symbol.asyncDispose]().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}

/**
 * Returns a key that is equal for logs that need not be reopened: those with the same file and rate, or with the same
 * options.
 */
function keyOf(requestLog: AnyRequestLogOptions): unknown {
  if ("sink" in requestLog) return requestLog;
  return `${requestLog.samplingRate ?? 1} ${requestLogPath(requestLog)}`;
}
