import { type ServableState, silentLogger } from "@serving-kit/core";
import { tensor } from "@serving-kit/inference";
import type {
  CallStart,
  HttpRequest,
  LoggedRequest,
  LoopObserver,
  ModelConfig,
  Observer,
  ObserverHost,
  ObserverPeer,
  ServerCore,
} from "@serving-kit/server";
import { FakeClock, turn } from "@serving-kit/testing";
import { expect, it } from "vitest";
import { type ObservabilityOptions, observability } from "./observability.js";

const ID = { name: "m", version: 7n };
const CALL = { inputs: { x: tensor("float32", [1], [1]) } };
const EXAMPLES = { inputs: { inputs: tensor("string", [2], ["a", "b"]) } };

/** An event loop with its observer, as the other event loops see it. */
class FakeLoop implements ObserverPeer {
  readonly observer: LoopObserver;
  hasEnded = false;

  constructor(plugin: Observer, host: ObserverHost) {
    this.observer = plugin.observe(host);
  }

  async ask(message: unknown): Promise<unknown> {
    if (this.hasEnded) throw new Error("the event loop has ended");
    return structuredClone(await this.observer.answer?.(structuredClone(message)));
  }

  /** Observes a call that succeeds, or fails with `error`. */
  call(start: Partial<CallStart> = {}, call = CALL as typeof CALL | typeof EXAMPLES): void {
    const { model = "m" } = start;
    const names = { api: "Predict", entrypoint: "REST", model, context: {} };
    const observation = this.observer.begin?.({ ...names, ...start });
    observation?.running({ ...ID, name: model }, call);
    observation?.ran();
    observation?.end();
  }

  /** The samples of the page of metrics, by name and labels. */
  async page(): Promise<Map<string, number>> {
    const [page] = this.observer.protocols ?? [];
    const [route] = page?.http?.({} as ServerCore) ?? [];
    const answer = await route?.handle({} as HttpRequest);
    const text = Buffer.from(answer?.body as Uint8Array).toString();
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(
      lines.map((line) => {
        const space = line.lastIndexOf(" ");
        return [line.slice(0, space), Number(line.slice(space + 1))];
      }),
    );
  }
}

/** The event loops of a server. Their observers exchange clones. */
class FakeLoops {
  readonly clock = new FakeClock();
  readonly main: FakeLoop;
  readonly states: ServableState[] = [{ id: ID, state: "available", attempts: 1, atMs: 0 }];
  readonly #plugin: Observer;
  readonly #workers = new Set<FakeLoop>();

  private constructor(plugin: Observer) {
    this.#plugin = plugin;
    this.main = new FakeLoop(plugin, this.#host(true));
  }

  static async create(options: ObservabilityOptions): Promise<FakeLoops> {
    return new FakeLoops(await observability(options));
  }

  /** Starts a worker, whose observer is made from what can be posted to another thread. */
  async start(): Promise<FakeLoop> {
    const { module } = this.#plugin;
    expect(module?.exportName).toBe("observability");
    const plugin = await observability(structuredClone(module?.options) as ObservabilityOptions);
    const worker = new FakeLoop(plugin, this.#host(false));
    this.#workers.add(worker);
    this.#tell(worker);
    return worker;
  }

  end(worker: FakeLoop): void {
    worker.hasEnded = true;
    this.#workers.delete(worker);
  }

  #tell(worker: FakeLoop): void {
    worker.observer.learn?.(structuredClone(this.main.observer.news?.()));
  }

  #host(isMain: boolean): ObserverHost {
    return {
      ...{ isMain, clock: this.clock, logger: silentLogger },
      states: () => this.states,
      modelNames: () => ["m", "own"],
      inspect: () => undefined,
      peers: () => (isMain ? this.#workers : []),
      askMain: (message) => this.main.ask(message),
      newsChanged: () => {
        for (const worker of this.#workers) this.#tell(worker);
      },
    };
  }
}

class MemorySink {
  readonly requests: LoggedRequest[] = [];
  isClosed = false;

  readonly write = async (requests: readonly LoggedRequest[]): Promise<void> => {
    await turn();
    this.requests.push(...requests);
  };

  readonly close = (): void => {
    this.isClosed = true;
  };

  get models(): string[] {
    return this.requests.map(({ api, id }) => `${api} ${id.name}`);
  }
}

/** Resolves when a sink has written what it has. */
async function written(): Promise<void> {
  for (let i = 0; i < 4; i++) await turn();
}

const model = (name: string, requestLog?: ModelConfig["requestLog"]): ModelConfig => ({
  name,
  basePath: `/${name}`,
  ...(requestLog && { requestLog }),
});

const REQUESTS = ':tensorflow:serving:request_count{model_name="m",status="OK"}';
const LOGGED = ':tensorflow:serving:request_log_count{model_name="m",status_code="OK"}';

it("answers in every event loop a page with the sum of all", async () => {
  const loops = await FakeLoops.create({ metrics: {} });
  const workers = [await loops.start(), await loops.start()] as const;
  for (const loop of [loops.main, ...workers, workers[1]]) loop.call();
  for (const loop of [loops.main, ...workers]) {
    const page = await loop.page();
    expect(page.get(REQUESTS)).toBe(4);
    const state = 'model_name="m",version="7",state="available"';
    expect(page.get(`serving_kit_model_version_state{${state}}`)).toBe(1);
  }
});

it("keeps what an event loop had counted that has ended", async () => {
  const loops = await FakeLoops.create({ metrics: {} });
  const [first, second] = [await loops.start(), await loops.start()];
  first.call();
  second.call();
  expect((await loops.main.page()).get(REQUESTS)).toBe(2);
  loops.end(first);
  expect((await second.page()).get(REQUESTS)).toBe(2);
  const names = ["/tensorflow/serving/request_count", "/tensorflow/serving/request_latency", "x"];
  expect(await loops.main.observer.counts?.(names)).toEqual(new Map([[names[0], 2]]));
});

it("samples in workers at the rates that the main thread has, and writes in the main thread", async () => {
  const [shared, own] = [new MemorySink(), new MemorySink()];
  const loops = await FakeLoops.create({ metrics: {}, requestLog: { sink: shared } });
  loops.main.observer.configure?.([model("m"), model("own", { sink: own, samplingRate: 0 })]);
  const worker = await loops.start();
  worker.call();
  worker.call({ model: "own" });
  await written();
  expect([shared.models, own.models]).toEqual([["Predict m"], []]);
  loops.main.observer.configure?.([model("m"), model("own", { sink: own })]);
  worker.call({ model: "own" });
  await written();
  expect([shared.models, own.models]).toEqual([["Predict m"], ["Predict own"]]);
  expect((await worker.page()).get(LOGGED)).toBe(1);
});

it("logs models that have their own log, and stops when it is gone", async () => {
  const own = new MemorySink();
  const loops = await FakeLoops.create({});
  const worker = await loops.start();
  const observed = () => [loops.main, worker].map(({ observer }) => observer.begin?.(START));
  expect(observed()).toEqual([undefined, undefined]);
  loops.main.observer.configure?.([model("own", { sink: own })]);
  for (const loop of [loops.main, worker]) {
    loop.call({ model: "own" });
    loop.call();
  }
  await written();
  expect(own.models).toEqual(["Predict own", "Predict own"]);
  loops.main.observer.configure?.([model("own")]);
  expect(observed()).toEqual([undefined, undefined]);
  await written();
  expect(own.isClosed).toBe(true);
});

const START: CallStart = { api: "Predict", entrypoint: "REST", model: "own", context: {} };

it("writes what workers sampled before they are disposed", async () => {
  const sink = new MemorySink();
  const loops = await FakeLoops.create({ requestLog: { sink } });
  const worker = await loops.start();
  for (let i = 0; i < 3; i++) worker.call();
  await worker.observer[Symbol.asyncDispose]?.();
  await loops.main.observer[Symbol.asyncDispose]?.();
  expect(sink.models).toEqual(["Predict m", "Predict m", "Predict m"]);
  expect(sink.isClosed).toBe(true);
});

it("logs only calls that a PredictionLog can hold, and counts examples of Classify and Regress", async () => {
  const sink = new MemorySink();
  const { main } = await FakeLoops.create({ metrics: {}, requestLog: { sink } });
  main.call({ api: "Infer" });
  main.call({ api: "Infer" }, EXAMPLES);
  main.call({ api: "Classify" }, EXAMPLES);
  main.call({ api: "Regress" }, CALL);
  await written();
  expect(sink.models).toEqual(["Classify m"]);
  const page = await main.page();
  expect(page.get(REQUESTS)).toBe(4);
  expect(page.get(':tensorflow:serving:request_example_count_total{model="m"}')).toBe(2);
});

it("has no page, batches or counts without metrics", async () => {
  const { main } = await FakeLoops.create({ tracing: false });
  const { protocols, batchStarted, counts } = main.observer;
  expect([protocols, batchStarted]).toEqual([[], undefined]);
  expect(await counts?.call(main.observer, ["request_count"])).toEqual(new Map());
});

it.each([
  [{ metrics: { path: "metrics" } }, 'metrics.path: expected a path that starts with /; got "m'],
  [{ metrics: { path: "/a/:b" } }, "metrics.path: expected a path without segments that start w"],
  [{ requestLog: { sink: {} } }, "requestLog.sink: expected a sink with write(); got an object"],
  [{ tracing: 1 }, "tracing: expected boolean; got 1"],
  [{ logs: {} }, "unknown option logs"],
])("refuses %j", async (options, message) => {
  const error = { reason: "CONFIG_INVALID", message: expect.stringContaining(message) };
  await expect(observability(options as ObservabilityOptions)).rejects.toMatchObject(error);
});

it("takes a call whose answer is not encoded for as long as its model ran", async () => {
  const { main, clock } = await FakeLoops.create({ metrics: {} });
  const start = { api: "Predict", entrypoint: "in-process", model: "m", context: {} };
  const observation = main.observer.begin?.(start);
  observation?.running(ID, CALL);
  await clock.advance(3);
  observation?.end();
  const failed = main.observer.begin?.(start);
  failed?.running(ID, CALL);
  failed?.end(new Error("failed"));
  const page = await main.page();
  const labels = '{model_name="m",API="Predict",runtime="serving-kit"}';
  expect(page.get(`:tensorflow:serving:runtime_latency_count${labels}`)).toBe(1);
  expect(page.get(`:tensorflow:serving:runtime_latency_sum${labels}`)).toBe(3_000);
});
