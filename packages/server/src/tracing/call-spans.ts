import type { Context, Span, TextMapGetter, Tracer } from "@opentelemetry/api";
import { isServingError, messageOf, type ServableId } from "@serving-kit/core";
import { DEFAULT_SIGNATURE } from "@serving-kit/inference";
import type {
  CallApi,
  CallHeaders,
  CallObservation,
  CallObserver,
} from "../calls/call-observer.js";
import type { PredictCall } from "../calls/predict-call.js";
import { statusOf } from "../status-mapping.js";

/** The library of OpenTelemetry's API. */
export type OpenTelemetry = typeof import("@opentelemetry/api");

const headerGetter: TextMapGetter<CallHeaders> = {
  keys: (headers) => Object.keys(headers),
  get: (headers, name) => headers[name.toLowerCase()] as string | string[] | undefined,
};

/**
 * Makes the observer that gives each call of a transport an OpenTelemetry span, and the run of the
 * model, its batching queue included, a span within it.
 *
 * A call's span is a child of the active one, which is that of the app's HTTP or gRPC
 * instrumentation where there is one; else of the one that the caller's headers name (W3C Trace
 * Context, or whatever propagator the app has).
 *
 * | attribute | |
 * | --- | --- |
 * | `serving_kit.entrypoint` | `REST` or `GRPC` |
 * | `serving_kit.model.name`, `.version`, `.signature` | once a version was found and the call was read |
 * | `error.type` | the error's reason, where there is one, or the name of its code |
 */
export function callSpans(otel: OpenTelemetry, entrypoint: "GRPC" | "REST"): CallObserver {
  const tracer = otel.trace.getTracer("@serving-kit/server");
  return { begin: (_model, api, headers) => new CallSpans(otel, tracer, entrypoint, api, headers) };
}

class CallSpans implements CallObservation {
  readonly #otel: OpenTelemetry;
  readonly #tracer: Tracer;
  readonly #context: Context;
  readonly #call: Span;
  #run: Span | undefined;

  constructor(
    otel: OpenTelemetry,
    tracer: Tracer,
    entrypoint: string,
    api: CallApi,
    headers?: () => CallHeaders,
  ) {
    this.#otel = otel;
    this.#tracer = tracer;
    const { context, propagation, SpanKind, trace } = otel;
    const active = context.active();
    const isInstrumented = trace.getSpan(active) !== undefined;
    const parent =
      isInstrumented || headers === undefined
        ? active
        : propagation.extract(active, headers(), headerGetter);
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
    if (!isForeseen && error instanceof Error) span.recordException(error);
  }
}
