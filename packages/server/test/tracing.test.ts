import { Metadata } from "@grpc/grpc-js";
import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-node";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { ModelServer } from "../src/index.js";
import { GrpcClient } from "./grpc-client.js";
import type { WholeServerOptions } from "./whole-server.js";
import { World } from "./world.js";

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const traceparent = `00-${TRACE}-b7ad6b7169203331-01`;

let world: World;

beforeAll(async () => {
  world = await World.create();
  await world.publish("m", 7);
});
afterAll(async () => {
  trace.disable();
  await provider.shutdown();
  await world[Symbol.asyncDispose]();
});
afterEach(() => exporter.reset());

const predict = (server: ModelServer, body: object = { instances: [1] }, headers = {}) =>
  server.fetch(
    new Request("http://host/v1/models/m:predict", {
      method: "POST",
      body: JSON.stringify(body),
      headers,
    }),
  );

const span = (name: string) =>
  exporter.getFinishedSpans().find((found) => found.name === name) as ReadableSpan;

const serve = (options: Partial<WholeServerOptions> = {}) => world.serve(["m"], options);

it("creates no spans while the app has no SDK", async () => {
  await predict(await serve());
  expect(exporter.getFinishedSpans()).toEqual([]);
  provider.register();
});

it("creates a span for a call, and a child span for the run of the model", async () => {
  const server = await serve();
  await predict(server);
  expect(span("Predict").attributes).toEqual({
    "serving_kit.entrypoint": "REST",
    "serving_kit.model.name": "m",
    "serving_kit.model.version": "7",
    "serving_kit.model.signature": "serving_default",
  });
  expect(span("Predict").kind).toBe(SpanKind.SERVER);
  expect(span("run").parentSpanContext?.spanId).toBe(span("Predict").spanContext().spanId);
});

it("continues the trace in the caller's headers, over REST and gRPC", async () => {
  const server = await serve();
  await predict(server, { instances: [1] }, { traceparent });
  expect(span("Predict").spanContext().traceId).toBe(TRACE);
  exporter.reset();
  const { port } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
  using client = new GrpcClient(`127.0.0.1:${port}`);
  const x = { dtype: 1, tensor_shape: { dim: [{ size: 1 }] }, float_val: [1] };
  const metadata = new Metadata();
  metadata.set("traceparent", traceparent);
  await client.predict({ model_spec: { name: "m" }, inputs: { x } }, {}, metadata);
  expect(span("Predict").spanContext().traceId).toBe(TRACE);
  expect(span("Predict").attributes["serving_kit.entrypoint"]).toBe("GRPC");
});

it("is a child of the active span, regardless of the headers", async () => {
  const server = await serve();
  const outer = trace.getTracer("app").startSpan("outer");
  await context.with(trace.setSpan(context.active(), outer), () =>
    predict(server, { instances: [1] }, { traceparent }),
  );
  outer.end();
  expect(span("Predict").parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
  expect(span("Predict").kind).toBe(SpanKind.INTERNAL);
});

it("creates spans for an in-process call below the active span", async () => {
  const server = await serve();
  const outer = trace.getTracer("app").startSpan("outer");
  await context.with(trace.setSpan(context.active(), outer), () => server.predict("m", { x: [1] }));
  outer.end();
  expect(span("Predict").attributes).toMatchObject({
    "serving_kit.entrypoint": "in-process",
    "serving_kit.model.name": "m",
    "serving_kit.model.version": "7",
  });
  expect(span("Predict").parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
  expect(span("run").parentSpanContext?.spanId).toBe(span("Predict").spanContext().spanId);
});

it("reports what failed", async () => {
  const server = await serve();
  await predict(server, { instances: ["no number"] });
  const { status, attributes } = span("Predict");
  expect(status.code).toBe(SpanStatusCode.ERROR);
  expect(status.message).toContain("no number");
  expect(attributes["error.type"]).toBe("REQUEST_UNFIT");
  expect(span("run")).toBeUndefined();
});

it("can be turned off while metrics stay on", async () => {
  const server = await serve({ tracing: false, metrics: {} });
  await predict(server);
  expect(exporter.getFinishedSpans()).toEqual([]);
  const both = await serve({ metrics: {} });
  await predict(both);
  expect(span("Predict")).toBeDefined();
  const text = await (
    await both.fetch(new Request("http://host/monitoring/prometheus/metrics"))
  ).text();
  expect(text).toContain('request_count{model_name="m",status="OK"} 1');
});
