import type { Context, Span, TextMapGetter, Tracer } from "@opentelemetry/api";
import { asError, isServingError, messageOf, type ServableId } from "@serving-kit/core";
import { DEFAULT_SIGNATURE } from "@serving-kit/inference";
import {
  type CallHeaders,
  type CallObservation,
  type CallStart,
  type PredictCall,
  statusOf,
} from "@serving-kit/server";

/** OpenTelemetry's API, as its package exports it. */
export type OpenTelemetry = typeof import("@opentelemetry/api");

const headerGetter: TextMapGetter<CallHeaders> = {
  keys: (headers) => Object.keys(headers),
  get: (headers, name) => headers[name.toLowerCase()] as string | string[] | undefined,
};

/** Returns the tracer of all calls. */
export const callTracer = (otel: OpenTelemetry): Tracer =>
  otel.trace.getTracer("@serving-kit/observability");

/**
 * The OpenTelemetry span of one call, with a child span for the run of the model, including its batching queue.
 *
 * The parent is the active span, such as that of the app's HTTP or gRPC instrumentation. If none is active, it is
 * the span that the caller's headers name (W3C Trace Context, or the format of the app's propagator).
 *
 * | attribute | |
 * | --- | --- |
 * | `serving_kit.entrypoint` | the transport as its protocol names it, such as `REST` or `GRPC` |
 * | `serving_kit.model.name`, `.version`, `.signature` | once a version was found and the call was read |
 * | of the span `run`: facts of the model, such as `process.pid` | the process that ran it |
 * | `error.type` | the error's reason, if it has one, or the name of its code |
 */
export class CallSpans implements CallObservation {
  readonly #otel: OpenTelemetry;
  readonly #tracer: Tracer;
  readonly #context: Context;
  readonly #call: Span;
  #run: Span | undefined;

  constructor(otel: OpenTelemetry, tracer: Tracer, { api, entrypoint, context: call }: CallStart) {
    this.#otel = otel;
    this.#tracer = tracer;
    const { context, propagation, SpanKind, trace } = otel;
    const active = context.active();
    const isInstrumented = trace.getSpan(active) !== undefined;
    const parent =
      isInstrumented || call.headers === undefined
        ? active
        : propagation.extract(active, call.headers, headerGetter);
    const kind = isInstrumented ? SpanKind.INTERNAL : SpanKind.SERVER;
    const attributes = { "serving_kit.entrypoint": entrypoint };
    this.#call = tracer.startSpan(api, { kind, attributes }, parent);
    this.#context = trace.setSpan(parent, this.#call);
  }

  running({ name, version }: ServableId, { signature }: PredictCall): void {
    this.#call.setAttributes({
      "serving_kit.model.name": name,
      "serving_kit.model.version": String(version),
      "serving_kit.model.signature": signature || DEFAULT_SIGNATURE,
    });
    this.#run = this.#tracer.startSpan("run", {}, this.#context);
  }

  fact(name: string, value: string | number): void {
    this.#run?.setAttribute(name, value);
  }

  ran(): void {
    this.#run?.end();
    this.#run = undefined;
  }

  end(error?: unknown): void {
    for (const span of [this.#run, this.#call]) {
      if (span && error !== undefined) this.#fail(span, error);
      span?.end();
    }
  }

  #fail(span: Span, error: unknown): void {
    const { code, isForeseen } = statusOf(error);
    span.setStatus({ code: this.#otel.SpanStatusCode.ERROR, message: messageOf(error) });
    span.setAttribute("error.type", isServingError(error) ? error.reason : code);
    if (!isForeseen) span.recordException(asError(error));
  }
}
