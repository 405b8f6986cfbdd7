import {
  AspiredVersionsManager,
  aspire,
  type Counted,
  type Loader,
  ServableHandle,
  servableId,
  sourceFrom,
} from "@serving-kit/core";
import type { Benchmark } from "../figure.js";
import { bytesPerOperation, type Contender, measure, speedRatio } from "../measure.js";

interface Answer {
  readonly answer: number;
}

const SERVABLES = 1_000;
const PREFIX = "/v1/models/";
const VERB = ":predict";

/** V8 copies a slice of up to 12 characters and keeps a reference for longer ones: one name of each. */
const SHORT_NAME = "digits-";
const LONG_NAME = "half-plus-two-";

const pathsOf = (name: string) =>
  Array.from({ length: SERVABLES }, (_, i) => `${PREFIX}${name}${i}${VERB}`);
const nameIn = (path: string) => path.slice(PREFIX.length, path.length - VERB.length);

async function load(manager: AspiredVersionsManager<Answer>, paths: readonly string[]) {
  const loader: Loader<Answer> = { load: async () => ({ answer: 42 }) };
  const versions = (name: string) => [1, 2].map((v) => aspire(servableId(name, v), loader));
  manager.connect(
    sourceFrom(async function* () {
      for (const name of paths.map(nameIn)) yield { name, versions: versions(name) };
    }),
  );
  for (const path of paths) await manager.available({ name: nameIn(path), version: 2 });
}

let sink = 0;

const acquiring =
  (manager: AspiredVersionsManager<Answer>, paths: readonly string[]): Contender =>
  (operations) => {
    for (let i = 0; i < operations; i++) {
      const handle = manager.acquire({ name: nameIn(paths[i % SERVABLES] as string) });
      sink += handle.servable.answer;
      handle.release();
    }
  };

/** The floor: the same slice, looked up in a Map. */
const lookingUp = (paths: readonly string[]): Contender => {
  const answers = new Map(paths.map((path) => [nameIn(path), { answer: 42 }]));
  return (operations) => {
    for (let i = 0; i < operations; i++) {
      sink += answers.get(nameIn(paths[i % SERVABLES] as string))?.answer ?? 0;
    }
  };
};

/** Creates handles and keeps them, so that the engine cannot optimize them away. */
const makingHandles = (): Contender => {
  const counted: Counted<Answer> = {
    id: servableId("digits", 1),
    servable: { answer: 42 },
    handleCount: 0,
    onIdle: () => {},
  };
  const held = new Array<ServableHandle<Answer> | undefined>(20_000);
  return (operations) => {
    for (let i = 0; i < operations; i++) held[i % held.length] = new ServableHandle(counted);
  };
};

const benchmark: Benchmark = {
  name: "acquire and release a handle",
  async run() {
    const shortPaths = pathsOf(SHORT_NAME);
    const longPaths = pathsOf(LONG_NAME);
    // A manager each, so that each holds 1,000 servables.
    const shortManager = new AspiredVersionsManager<Answer>();
    const longManager = new AspiredVersionsManager<Answer>();
    await load(shortManager, shortPaths);
    await load(longManager, longPaths);
    const contenders = {
      short: acquiring(shortManager, shortPaths),
      shortLookup: lookingUp(shortPaths),
      long: acquiring(longManager, longPaths),
      longLookup: lookingUp(longPaths),
    };
    const { short, shortLookup, long, longLookup } = await measure(contenders);
    const allocated =
      bytesPerOperation(contenders.short) - bytesPerOperation(contenders.shortLookup);
    const handleBytes = bytesPerOperation(makingHandles());
    await Promise.all([shortManager.close(), longManager.close()]);
    if (sink === 0) throw new Error("nothing was acquired");
    return [
      {
        name: "acquire + release, name sliced from a path, 1,000 servables",
        value: short.perSecond,
        unit: "op/s",
        goal: { atLeast: 10_000_000 },
        baseline: shortLookup.perSecond,
        spread: short.spread,
      },
      {
        name: "the same with names of more than 12 characters",
        value: long.perSecond,
        unit: "op/s",
        baseline: longLookup.perSecond,
        spread: long.spread,
      },
      {
        name: "acquire + release as a share of one Map lookup's speed",
        value: speedRatio(short, shortLookup),
        unit: "x",
        baseline: 1,
      },
      {
        name: "allocated by acquire (baseline: one handle)",
        value: allocated,
        unit: "B/op",
        goal: { atMost: handleBytes },
        baseline: handleBytes,
      },
    ];
  },
};
export default benchmark;
