import type { Tracer } from "@opentelemetry/api";
import type { StartedBatch } from "@serving-kit/batching";
import type { LoadContext, ServableId, SourceActivityEvent } from "@serving-kit/core";
import type {
  CallObservation,
  CallStart,
  LoopObserver,
  ModelConfig,
  ObserverHost,
  Protocol,
  Refusal,
} from "@serving-kit/server";
import { MeasuredCall, type Measures } from "./measured-call.js";
import type { Message } from "./messages.js";
import { LoopMetrics } from "./metrics/loop-metrics.js";
import type { MetricsOptions } from "./metrics/metrics-options.js";
import { LoopRequestLog } from "./request-log/loop-request-log.js";
import { type AnyRequestLogOptions, ModelRequestLogs } from "./request-log/model-request-logs.js";
import type { LogListener } from "./request-log/request-log.js";
import { CallSpans, callTracer, type OpenTelemetry } from "./tracing/call-spans.js";

/** The parts of an observer. An undefined part is disabled. */
export interface Parts {
  readonly metrics?: MetricsOptions | undefined;
  /** `shared` is the log of models without a log of their own. */
  readonly requestLog?: { readonly shared: AnyRequestLogOptions | undefined } | undefined;
  readonly otel?: OpenTelemetry | undefined;
}

/** Metrics, request log and spans of one event loop. */
export class LoopObservability implements LoopObserver {
  readonly protocols: readonly Protocol[];
  /** Absent without metrics, so that batches are not reported for nothing. */
  readonly batchStarted?: (batch: StartedBatch) => void;
  readonly #metrics: LoopMetrics | undefined;
  readonly #requestLog: ModelRequestLogs | LoopRequestLog | undefined;
  readonly #otel: OpenTelemetry | undefined;
  readonly #tracer: Tracer | undefined;
  /** The measures of a call with the request log, used while any model has one, and without. */
  readonly #logging: Measures;
  readonly #notLogging: Measures;

  constructor(host: ObserverHost, parts: Parts) {
    const { clock } = host;
    const loopMetrics = parts.metrics && new LoopMetrics(host, parts.metrics);
    const metrics = loopMetrics?.metrics;
    const requestLog = parts.requestLog && openRequestLog(host, parts.requestLog, metrics);
    this.#metrics = loopMetrics;
    this.#requestLog = requestLog;
    this.#logging = { metrics, requestLog, clock };
    this.#notLogging = { metrics, requestLog: undefined, clock };
    this.#otel = parts.otel;
    this.#tracer = parts.otel && callTracer(parts.otel);
    this.protocols = loopMetrics ? [loopMetrics.page] : [];
    if (metrics) this.batchStarted = (batch) => metrics.batches.count(batch);
  }

  begin(start: CallStart): CallObservation | undefined {
    const measured = this.#measure(start);
    if (this.#otel === undefined || this.#tracer === undefined) return measured;
    const spans = new CallSpans(this.#otel, this.#tracer, start);
    return measured ? new MeasuredSpans(measured, spans) : spans;
  }

  refused(kind: Refusal): void {
    this.#metrics?.metrics.recordRefused(kind);
  }

  loading(id: ServableId, path: string): LoadContext["warmingUp"] {
    return this.#metrics?.metrics.warmUps.of(id, path);
  }

  sourceActivity(event: SourceActivityEvent): void {
    this.#metrics?.metrics.sources.count(event);
  }

  configure(models: Iterable<ModelConfig>): void {
    if (this.#requestLog instanceof ModelRequestLogs) this.#requestLog.configure(models);
  }

  reopenLogs(): void {
    if (this.#requestLog instanceof ModelRequestLogs) this.#requestLog.reopenLogs();
  }

  async counts(names: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return (await this.#metrics?.counts(names)) ?? new Map();
  }

  answer(message: unknown): unknown {
    const question = message as Message;
    switch (question.ask) {
      case "metricValues":
        return this.#metrics?.values() ?? [];
      case "metricsPage":
        return this.#metrics?.read();
      case "logRequests":
        for (const request of question.requests) this.#requestLog?.add(request);
    }
  }

  news(): unknown {
    return this.#requestLog instanceof ModelRequestLogs ? this.#requestLog.news() : undefined;
  }

  learn(news: unknown): void {
    if (this.#requestLog instanceof LoopRequestLog) this.#requestLog.learn(news);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#metrics?.[Symbol.dispose]();
    await this.#requestLog?.[Symbol.asyncDispose]();
  }

  #measure(start: CallStart): CallObservation | undefined {
    if (this.#requestLog?.isLogging) return new MeasuredCall(this.#logging, start);
    return this.#metrics && new MeasuredCall(this.#notLogging, start);
  }
}

function openRequestLog(
  host: ObserverHost,
  { shared }: NonNullable<Parts["requestLog"]>,
  metrics: LoopMetrics["metrics"] | undefined,
): ModelRequestLogs | LoopRequestLog {
  const count: LogListener = ({ id }, status) => metrics?.recordLogged(id.name, status);
  if (host.isMain) return new ModelRequestLogs(shared, host, count);
  // The main thread counts the requests that it receives.
  const countLost: LogListener = (request, status) => status !== "OK" && count(request, status);
  const write = async (requests: readonly Parameters<LogListener>[0][]) => {
    const message: Message = { ask: "logRequests", requests };
    await host.askMain(message);
  };
  return new LoopRequestLog({ write }, host, countLost);
}

/** Measures a call, then traces it. */
class MeasuredSpans implements CallObservation {
  readonly #measured: CallObservation;
  readonly #spans: CallObservation;

  constructor(measured: CallObservation, spans: CallObservation) {
    this.#measured = measured;
    this.#spans = spans;
  }

  running(...about: Parameters<CallObservation["running"]>): void {
    this.#measured.running(...about);
    this.#spans.running(...about);
  }

  fact(name: string, value: string | number): void {
    this.#spans.fact?.(name, value);
  }

  ran(): void {
    this.#measured.ran();
    this.#spans.ran();
  }

  end(error?: unknown): void {
    this.#measured.end(error);
    this.#spans.end(error);
  }
}
