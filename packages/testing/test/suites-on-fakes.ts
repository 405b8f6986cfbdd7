import { batching, createBatchQueue } from "@serving-kit/batching";
import {
  type AspiredVersions,
  AspiredVersionsManager,
  aspire,
  availabilityPreserving,
  type Loader,
  mapVersions,
  resourcePreserving,
  ServingError,
  servableId,
  sourceFrom,
  systemClock,
} from "@serving-kit/core";
import { guard, type Predictor, tensor } from "@serving-kit/inference";
import { Subject } from "rxjs";
import {
  adapterConformance,
  batchSchedulerConformance,
  clockConformance,
  deferred,
  FakeClock,
  FakeLoader,
  FakePredictor,
  type FakeServable,
  loaderConformance,
  managerConformance,
  PuppetBatchScheduler,
  platformConformance,
  policyConformance,
  predictorConformance,
  predictorThroughManager,
  type Runner,
  remotePathConformance,
  respondConformance,
  sourceConformance,
  sourceProviderConformance,
} from "../src/index.js";
import { objectStoreConformance } from "../src/object-store/index.js";
import { fakePlatformOptions } from "./fake-platform.js";
import { objectStoreWorld } from "./object-store-world.js";
import { registryWorld } from "./registry-source.js";
import { RespondingPredictor, respondOptions } from "./responding-predictor.js";
import { StaticManager } from "./static-manager.js";
import { providerWorld, remotePathWorld, storageWorld } from "./storage-worlds.js";
import { wideExamples, widePredictor } from "./wide-predictor.js";

const vector = (...x: number[]) => tensor("float32", [x.length], x);

/** Examples of "half plus two". */
export const halfPlusTwo = [
  { inputs: { x: vector(1, 2, 5) }, outputs: { y: vector(2.5, 3, 4.5) } },
  { inputs: { x: vector(-4) }, outputs: { y: vector(0) } },
];

/** Every suite on the fakes, and on what core has of each kind, for whichever runner. */
export function runSuitesOnFakes(runner: Runner): void {
  runPredictorSuites(runner);

  clockConformance(runner, {
    name: "FakeClock",
    create: () => {
      const clock = new FakeClock(7);
      return { clock, advance: (ms) => clock.advance(ms) };
    },
  });
  clockConformance(runner, {
    name: "systemClock",
    create: () => ({
      clock: systemClock,
      advance: async (ms) => {
        const { promise, resolve } = deferred();
        systemClock.setTimeout(resolve, ms + 1);
        await promise;
      },
    }),
  });

  for (const honoursAbort of [true, false]) {
    const made: FakeLoader[] = [];
    const create = () => {
      const loader = new FakeLoader({ honoursAbort, resources: { ramBytes: 10 } });
      made.push(loader);
      return loader;
    };
    loaderConformance(runner, {
      name: `FakeLoader that ${honoursAbort ? "honours" : "ignores"} signals`,
      create,
      use: (servable) => {
        if (servable.isUnloaded) throw new Error("used after unload");
      },
      held: () => ({ ramBytes: 10 }),
      allocated: () => made.reduce((sum, { live }) => sum + live, 0),
      broken: [brokenFake(create)],
      skip: honoursAbort ? [] : [{ reason: "it stands for native work", clauses: ["L7"] }],
    });
  }

  sourceConformance(runner, { name: "registry source", create: () => registryWorld() });
  sourceConformance(runner, { name: "FakeStorage", create: () => storageWorld() });
  sourceProviderConformance(runner, { name: "FakeStorage", create: () => providerWorld() });
  remotePathConformance(runner, { name: "FakeStorage", create: () => remotePathWorld() });

  objectStoreConformance(runner, {
    name: "MemoryObjectStore",
    create: () => objectStoreWorld(),
  });

  adapterConformance(runner, {
    name: "mapVersions",
    create: () => mapVersions((text: string) => JSON.parse(text) as unknown),
    data: "{}",
    failingData: "{",
  });

  platformConformance(runner, fakePlatformOptions());

  policyConformance(runner, {
    name: "availability preserving",
    policy: availabilityPreserving,
    isAvailabilityPreserving: true,
  });
  policyConformance(runner, {
    name: "resource preserving",
    policy: resourcePreserving,
    isAvailabilityPreserving: false,
  });

  managerConformance(runner, { name: "AspiredVersionsManager", create: aspiredVersionsManager });
  managerConformance(runner, {
    name: "StaticManager",
    create: async () => {
      const loader = new FakeLoader();
      const id = servableId("m", 3);
      const servable = await loader.load({ id, signal: new AbortController().signal });
      return {
        manager: new StaticManager(id, servable),
        name: "m",
        isLoaded: ({ isUnloaded }) => !isUnloaded,
      };
    },
  });

  batchSchedulerConformance(runner, {
    name: "basic batch scheduler",
    create: ({ run, ...options }) => createBatchQueue(run, options),
  });
  batchSchedulerConformance(runner, {
    name: "PuppetBatchScheduler",
    create: ({ run, maxBatchSize, clock }) =>
      new PuppetBatchScheduler(run, { maxTaskSize: maxBatchSize, clock }),
    process: (scheduler) => (scheduler as PuppetBatchScheduler<number, number>).process(),
    hasPriorities: false,
    skip: [
      { reason: "the test decides what meets in a batch, and when", clauses: ["B2", "B4", "B9"] },
      { reason: "it has no limit to what may wait", clauses: ["B5"] },
      { reason: "it has no option joins", clauses: ["B12"] },
    ],
  });
}

function brokenFake(create: () => FakeLoader) {
  const path = "/models/broken/1";
  let failing: FakeLoader;
  return {
    path,
    create: () => {
      failing = create();
      failing.failLoads(undefined, new ServingError("NOT_FOUND", "MISSING", `no file ${path}`));
      return failing;
    },
    repair: () => failing.failLoads(0),
  };
}

async function aspiredVersionsManager() {
  const clock = new FakeClock();
  const manager = new AspiredVersionsManager<FakeServable>({ clock });
  const aspired = new Subject<AspiredVersions<Loader<FakeServable>>>();
  manager.connect(aspired);
  aspired.next({ name: "m", versions: [aspire(servableId("m", 3), new FakeLoader())] });
  const available = manager.available({ name: "m" });
  await clock.advance();
  await available;
  return {
    manager,
    name: "m",
    isLoaded: ({ isUnloaded }: FakeServable) => !isUnloaded,
    withdraw: () => aspired.next({ name: "m", versions: [] }),
    pass: () => clock.advance(1_000),
  };
}

function runPredictorSuites(runner: Runner): void {
  for (const options of [{}, { runMs: 2 }, { batchable: false }]) {
    const made: FakePredictor[] = [];
    predictorConformance(runner, {
      name: `FakePredictor ${JSON.stringify(options)}`,
      create: async () => {
        const predictor = new FakePredictor(options);
        made.push(predictor);
        return predictor;
      },
      examples: halfPlusTwo,
      runs: (predictor) => (predictor as FakePredictor).runs.length,
      allocated: () => made.filter((predictor) => !predictor.isDisposed).length,
    });
  }

  predictorConformance(runner, {
    name: "a predictor of many dtypes",
    create: async () => widePredictor(),
    examples: wideExamples,
  });

  for (const isGuarded of [false, true]) {
    const create = async () => {
      const predictor = new RespondingPredictor();
      return isGuarded ? guard(predictor) : predictor;
    };
    const name = `RespondingPredictor${isGuarded ? ", guarded" : ""}`;
    respondConformance(runner, { name, create, ...respondOptions });
  }

  const throughManager = sourceFrom<Loader<Predictor>>(async function* () {
    const loader = { load: async () => new FakePredictor({ runMs: 1 }) };
    yield { name: "m", versions: [aspire(servableId("m", 1), loader)] };
  });
  predictorConformance(runner, {
    name: "FakePredictor through a manager",
    create: () => predictorThroughManager(throughManager, { name: "m" }),
    examples: halfPlusTwo,
  });
  predictorConformance(runner, {
    name: "FakePredictor, batched, through a manager",
    create: () => predictorThroughManager(throughManager.pipe(batching()), { name: "m" }),
    examples: halfPlusTwo,
  });
}
