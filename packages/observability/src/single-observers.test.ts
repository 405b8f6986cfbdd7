import { context, trace } from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-node";
import { silentLogger } from "@serving-kit/core";
import { tensor } from "@serving-kit/inference";
import type {
  CallStart,
  LoggedRequest,
  LoopObserver,
  Observer,
  ObserverHost,
} from "@serving-kit/server";
import { FakeClock } from "@serving-kit/testing";
import { afterAll, expect, it } from "vitest";
import { metrics } from "./metrics.js";
import { requestLog } from "./request-log.js";
import { spans } from "./tracing.js";

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
afterAll(async () => {
  trace.disable();
  context.disable();
  await provider.shutdown();
});

const START: CallStart = { api: "Predict", entrypoint: "echo/http", model: "m", context: {} };
const ID = { name: "m", version: 1n };

function observe(observer: Observer, isMain = true): LoopObserver {
  const host: ObserverHost = {
    ...{ isMain, clock: new FakeClock(), logger: silentLogger },
    states: () => [],
    modelNames: () => ["m"],
    inspect: () => undefined,
    peers: () => [],
    askMain: () => Promise.reject(new Error("there is no other event loop")),
    newsChanged: () => {},
  };
  return observer.observe(host);
}

/** Makes the observer that another event loop imports. */
async function imported({ module }: Observer): Promise<Observer> {
  const exports = await import(String(module?.url));
  return exports[module?.exportName as string](structuredClone(module?.options));
}

function call(observer: LoopObserver, error?: unknown): void {
  const observation = observer.begin?.(START);
  observation?.running(ID, { inputs: { x: tensor("float32", [1], [1]) } });
  observation?.ran();
  observation?.end(error);
}

it("metrics() counts calls, and logs none", async () => {
  const observer = observe(await imported(metrics({ path: "/m" })));
  call(observer);
  expect(await observer.counts?.([":tensorflow:serving:request_count"])).toEqual(
    new Map([[":tensorflow:serving:request_count", 1]]),
  );
  const [page] = observer.protocols ?? [];
  expect(page?.http?.({} as never)).toMatchObject([
    { method: "GET", path: "/m", whileClosing: true },
  ]);
  expect(observer.news?.()).toBeUndefined();
  await observer[Symbol.asyncDispose]?.();
});

it("requestLog() logs calls, and has no page", async () => {
  const logged: LoggedRequest[] = [];
  const write = (requests: readonly LoggedRequest[]) => void logged.push(...requests);
  const plugin = requestLog({ sink: { write } });
  const observer = observe(plugin);
  call(observer);
  call(observer, new Error("failed"));
  await observer[Symbol.asyncDispose]?.();
  expect(logged.map(({ id }) => id)).toEqual([ID]);
  expect(observer.protocols).toEqual([]);
  const worker = observe(await imported(plugin), false);
  expect(worker.begin?.(START)).toBeUndefined();
  worker.learn?.(observer.news?.());
  expect(worker.begin?.(START)).toBeDefined();
});

it("spans() creates a span for a call of any protocol, and a child span for its run", async () => {
  const observer = observe(await imported(await spans()));
  call(observer);
  const [run, predict] = exporter.getFinishedSpans();
  expect(predict?.attributes).toEqual({
    "serving_kit.entrypoint": "echo/http",
    "serving_kit.model.name": "m",
    "serving_kit.model.version": "1",
    "serving_kit.model.signature": "serving_default",
  });
  expect(run?.parentSpanContext?.spanId).toBe(predict?.spanContext().spanId);
  exporter.reset();
  call(observer, new Error("failed"));
  expect(exporter.getFinishedSpans().at(-1)?.attributes["error.type"]).toBe("INTERNAL");
});
