import { batch } from "@serving-kit/batching";
import { ServingMap, servableId, silentLogger, systemClock, unload } from "@serving-kit/core";
import {
  defineModel,
  definePlatform,
  mapPredictor,
  type Predictor,
  spec,
  tensor,
} from "@serving-kit/inference";
import { predictorConformance } from "@serving-kit/testing";
import { describe, it } from "vitest";
import { process } from "../src/models/processed-version.js";
import type { ModelProcessor } from "../src/plugins/model-processor.js";
import type { LoopMethods, MainMethods } from "../src/threads/loop-messages.js";
import { mainMethods } from "../src/threads/main-methods.js";
import { Replica } from "../src/threads/replica.js";
import { ReplicaOrigins } from "../src/threads/replica-origin.js";
import { ThreadChannel } from "../src/threads/thread-channel.js";

// The predictors of a second event loop keep the same contract as those of the main thread. The two loops are connected
// by a real MessageChannel.

const id = servableId("m", 1);
const { signal } = new AbortController();
const vector = spec.float32([-1]);

let allocated = 0;
const double = defineModel({
  inputs: { x: vector },
  outputs: { y: vector },
  batchable: true,
  load: () => void allocated++,
  dispose: () => void allocated--,
  predict: ({ x }) => ({ y: x.data.map((value) => 2 * value) }),
});
/** Texts of numbers in front of `double`. */
const texts = mapPredictor(double, {
  inputs: { text: spec.string([-1]) },
  outputs: { y: vector },
  batchable: true,
  before: ({ text }) => ({
    x: Float32Array.from(text.data, (bytes) => Number(Buffer.from(bytes).toString())),
  }),
  after: ({ y }) => ({ y }),
});
const load = () => texts.loader().load({ id, signal });

/** The steps of a configuration: adds one to the outputs. */
const addsOne: ModelProcessor = {
  name: "adds-one",
  process: async (inner) => ({
    signatures: inner.signatures,
    batchable: inner.batchable,
    async predict(inputs, options) {
      const { y } = await inner.predict(inputs, options);
      if (y === undefined) return {};
      return { y: { ...y, data: (y.data as Float32Array).map((value) => value + 1) } as never };
    },
    [Symbol.asyncDispose]: () => unload(inner),
  }),
};
const processed = async () =>
  process(await load(), addsOne, { processing: {}, path: "" }, id, systemClock);

/** A predictor that loops attach by a platform, as SavedModels are. */
function shared(predictor: Predictor): Predictor {
  const { signatures, batchable } = predictor;
  return {
    ...{ signatures, batchable, share: () => ({ platform: "shared" }), unshare: () => {} },
    predict: (inputs, options) => predictor.predict(inputs, options),
    [Symbol.asyncDispose]: () => unload(predictor),
  };
}
const platform = definePlatform({ name: "shared", load, attach: load })();

/** Returns the predictor of a loop for a predictor of the main thread. */
async function inLoop(main: Predictor): Promise<Predictor> {
  const { origin, remote } = new ReplicaOrigins(["shared"]).of(main);
  const { port1, port2 } = new MessageChannel();
  const ports = [port1, port2] as never as [never, never];
  const clock = systemClock;
  const logger = silentLogger;
  const host = () => {
    throw new Error("no call needs the server");
  };
  new ThreadChannel<MainMethods, LoopMethods>(
    ports[0],
    mainMethods({ host, remote: () => remote, clock, logger }),
  );
  const channel = new ThreadChannel<LoopMethods, MainMethods>(ports[1], {} as never);
  const serving = new ServingMap<Predictor>();
  const replica = new Replica(serving, {
    ...{ platforms: [platform], processor: addsOne, main: channel, clock, logger },
    onBatchStart: undefined,
  });
  await replica.attach(id, structuredClone(origin()));
  await replica.publish(id);
  const handle = serving.acquire({ name: "m" });
  const { servable } = handle;
  let disposed: Promise<void> | undefined;
  return Object.create(servable, {
    signatures: { value: servable.signatures },
    batchable: { value: servable.batchable },
    predict: { value: servable.predict.bind(servable) },
    [Symbol.asyncDispose]: {
      value: () => {
        disposed ??= dispose();
        return disposed;
      },
    },
  });

  async function dispose(): Promise<void> {
    handle[Symbol.dispose]();
    await replica.withdraw(id);
    await unload(main);
    port1.close();
  }
}

const example = (numbers: readonly string[], plus = 0) => ({
  inputs: { text: tensor("string", [numbers.length], [...numbers]) },
  outputs: {
    y: tensor(
      "float32",
      [numbers.length],
      Float32Array.from(numbers, (n) => 2 * Number(n) + plus),
    ),
  },
});
const examples = [example(["1"]), example(["2.5", "-3"])];
const plusOne = [example(["1"], 1), example(["2.5", "-3"], 1)];

describe("predictors of a second event loop", () => {
  const runner = { describe, it };
  const kinds = {
    "that calls the main thread": load,
    "that is attached": () => load().then(shared),
  };
  for (const [kind, create] of Object.entries(kinds)) {
    for (const batched of [false, true]) {
      const made = async () => (batched ? batch(await create(), {}) : create());
      predictorConformance(runner, {
        name: `a mapped model ${kind}${batched ? ", batched" : ""}`,
        create: async () => inLoop(await made()),
        examples,
        allocated: () => allocated,
      });
    }
  }
  predictorConformance(runner, {
    name: "a model behind the steps of a configuration",
    create: async () => inLoop(await processed()),
    examples: plusOne,
    allocated: () => allocated,
  });
  predictorConformance(runner, {
    name: "a model behind the steps of a configuration, batched",
    create: async () => inLoop(batch(await processed(), {})),
    examples: plusOne,
    allocated: () => allocated,
  });
});
