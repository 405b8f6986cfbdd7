import type { Clock, Logger, ServableId } from "@serving-kit/core";
import type { CallApi } from "../calls/call-observer.js";
import type { PredictCall } from "../calls/predict-call.js";
import type { ModelConfig } from "../config/model-config.js";
import { type LogListener, RequestLog } from "./request-log.js";
import { type RequestLogFileOptions, requestLogPath, withFileSink } from "./request-log-file.js";
import type { LoggedRequest, RequestLogOptions } from "./request-log-sink.js";

/** What request logs are made with. */
export interface RequestLogSurroundings {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly listener: LogListener;
}

type AnyRequestLogOptions = RequestLogOptions | RequestLogFileOptions;

/** The log of one model, and what tells whether it is still the one that is configured. */
interface OwnLog {
  readonly key: unknown;
  readonly log: RequestLog;
}

/** The request logs of a server: one for the models that have none of their own, and those of models. */
export class ModelRequestLogs implements AsyncDisposable {
  readonly #surroundings: RequestLogSurroundings;
  readonly #shared: RequestLog | undefined;
  #own: ReadonlyMap<string, OwnLog> = new Map();
  /** Logs that were replaced and are still writing. */
  readonly #ending = new Set<Promise<void>>();

  constructor(shared: AnyRequestLogOptions | undefined, surroundings: RequestLogSurroundings) {
    this.#surroundings = surroundings;
    this.#shared = shared && this.#open(shared);
  }

  /** Whether there is a log at all. */
  get isLogging(): boolean {
    return this.#shared !== undefined || this.#own.size > 0;
  }

  /** Takes the logs of the models as they are configured now. What has not changed goes on. */
  configure(models: Iterable<ModelConfig>): void {
    const before = this.#own;
    const own = new Map<string, OwnLog>();
    for (const { name, requestLog } of models) {
      if (requestLog === undefined) continue;
      const key = keyOf(requestLog);
      const current = before.get(name);
      const isSame = current !== undefined && current.key === key;
      own.set(name, isSame ? current : { key, log: this.#open(requestLog) });
    }
    this.#own = own;
    const kept = new Set(own.values());
    for (const replaced of before.values()) if (!kept.has(replaced)) this.#end(replaced.log);
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
    for (const { log } of this.#own.values()) this.#end(log);
    if (this.#shared) this.#end(this.#shared);
    await Promise.all(this.#ending);
  }

  #of(name: string): RequestLog | undefined {
    return this.#own.get(name)?.log ?? this.#shared;
  }

  #open(options: AnyRequestLogOptions): RequestLog {
    const { logger, listener, clock } = this.#surroundings;
    const withSink = "sink" in options ? options : withFileSink(options);
    return new RequestLog(withSink, logger, listener, clock);
  }

  #end(log: RequestLog): void {
    const ended = log[Symbol.asyncDispose]().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}

/** Equal for logs that need not be opened anew: those to one file at one rate, or with the same options. */
function keyOf(requestLog: AnyRequestLogOptions): unknown {
  if ("sink" in requestLog) return requestLog;
  return `${requestLog.samplingRate ?? 1} ${requestLogPath(requestLog)}`;
}
