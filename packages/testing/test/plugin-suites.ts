import { ServingError } from "@serving-kit/core";
import { mapLoaded, type Predictor, spec, tensor } from "@serving-kit/inference";
import type {
  AcquireDecorator,
  CallObservation,
  LoopObserver,
  ModelProcessor,
  ObserverHost,
} from "@serving-kit/server";
import { FakePredictor } from "../src/index.js";
import {
  type AcquireDecoratorConformanceOptions,
  acquireDecoratorConformance,
  type ModelProcessorConformanceOptions,
  modelProcessorConformance,
  type ObserverConformanceOptions,
  observerConformance,
  protocolConformance,
  serverConformance,
} from "../src/plugins/index.js";
import type { Runner } from "../src/runner.js";
import { plainGrpc, plainHttp, plainProtocol } from "./plain-protocol.js";

/** The suites of what plugs into a server, on small ones that keep their contracts, for whichever runner. */
export function runPluginSuites(runner: Runner): void {
  const plain = { name: "plain", create: () => plainProtocol(), http: plainHttp, grpc: plainGrpc };
  protocolConformance(runner, plain);
  serverConformance(runner, plain);
  observerConformance(runner, countingOptions);
  acquireDecoratorConformance(runner, doorOptions);
  modelProcessorConformance(runner, scalingOptions);
}

/** Keeps callers out of the model `closed`, and sends those of `old` to `open`. */
export const doorOpening: AcquireDecorator["decorate"] = (acquire) => (request) => {
  if (request.name === "closed") {
    throw new ServingError("PERMISSION_DENIED", "CLOSED", "the model is closed");
  }
  return acquire(request.name === "old" ? { ...request, name: "open" } : request);
};

/** The suite's options for the decorator `door`. */
export const doorOptions: AcquireDecoratorConformanceOptions = {
  name: "door",
  create: () => ({ name: "door", decorate: doorOpening }),
  servables: [
    { name: "open", version: 1 },
    { name: "closed", version: 1 },
  ],
  accepted: [{ name: "open" }, { name: "old", version: 1 }],
  refused: [{ name: "closed" }],
};

/** Counts the calls of all event loops. */
export class CountingObserver implements LoopObserver {
  readonly #host: ObserverHost;
  #calls = 0;

  constructor(host: ObserverHost) {
    this.#host = host;
  }

  begin = (): CallObservation => ({
    running: () => {},
    ran: () => {},
    end: () => {
      this.#calls++;
    },
  });

  batchStarted = (_: unknown): void => {};

  async counts(names: readonly string[]): Promise<ReadonlyMap<string, number>> {
    let sum = this.#calls;
    for (const peer of this.#host.peers()) sum += Number(await peer.ask("calls"));
    return new Map(names.includes("calls") ? [["calls", sum]] : []);
  }

  answer = (_: unknown): unknown => this.#calls;

  news(): unknown {
    return { calls: this.#calls };
  }

  learn(_: unknown): void {}
}

/** The suite's options for the observer `counting`. */
export const countingOptions: ObserverConformanceOptions = {
  name: "counting",
  create: () => ({ name: "counting", observe: (host) => new CountingObserver(host) }),
  counters: ["calls"],
};

/** Multiplies what callers pass by the factor of the step `scale`. */
export const scale: ModelProcessor["process"] = async (predictor, { before = [] }, version) => {
  const [step = {}] = before as readonly { readonly scale?: number }[];
  if (step.scale === undefined) {
    throw new ServingError(
      "INVALID_ARGUMENT",
      "STEP_UNKNOWN",
      `expected scale; got ${Object.keys(step)}`,
    );
  }
  const factor = step.scale;
  const mapping = {
    inputs: { value: spec.float32([-1]) },
    outputs: { y: spec.float32([-1]) },
    batchable: true,
    before: ({ value }: Record<string, { data: unknown }>) => ({
      x: Float32Array.from(value?.data as Float32Array, (x) => factor * x),
    }),
  };
  return mapLoaded(predictor, mapping, { where: version.id.name, clock: version.clock });
};

const vector = (...values: number[]) => tensor("float32", [values.length], values);

/** The suite's options for the processor `scaling`. */
export const scalingOptions: ModelProcessorConformanceOptions = {
  name: "scaling",
  create: () => ({ name: "scaling", process: scale }),
  load: async (): Promise<Predictor> => new FakePredictor(),
  processing: { before: [{ scale: 2 }] },
  unfit: [{ before: [{ turn: {} }] }],
  examples: [
    { inputs: { value: vector(1, 2) }, outputs: { y: vector(3, 4) } },
    { inputs: { value: vector(-2) }, outputs: { y: vector(0) } },
  ],
  isBatchable: true,
};
