import type { Benchmark } from "../figure.js";
import { type Contender, measure, speedRatio } from "../measure.js";
import { SwappingManager } from "../swapping-manager.js";

const SERVABLES = 10_000;
const PREFIX = "/v1/models/";
const VERB = ":predict";
/** The number of handles that are acquired between two steps of a swap, and between the starts of two swaps. */
const ACQUIRES_PER_STEP = 1_000;
const STEPS_PER_SWAP = 10;

const names = Array.from({ length: SERVABLES }, (_, i) => `digits-${i}`);
const paths = names.map((name) => `${PREFIX}${name}${VERB}`);
const nameIn = (path: string) => path.slice(PREFIX.length, path.length - VERB.length);

let sink = 0;

/** Acquires and releases one servable after another. Synchronous, as a request's acquire is. */
function acquireMany(
  { manager }: SwappingManager,
  nameOf: (i: number) => string,
  from: number,
): void {
  for (let i = from; i < from + ACQUIRES_PER_STEP; i++) {
    const handle = manager.acquire({ name: nameOf(i % SERVABLES) });
    sink += handle.servable.answer;
    handle.release();
  }
}

/** Acquires all the time, while new versions load and old ones leave if `isSwapping`. */
const acquiring =
  (swapping: SwappingManager, nameOf: (i: number) => string, isSwapping: boolean): Contender =>
  async (operations) => {
    let swapped: Promise<void> | undefined;
    const steps = Math.ceil(operations / ACQUIRES_PER_STEP);
    for (let step = 0; step < steps; step++) {
      if (isSwapping && step % STEPS_PER_SWAP === 0) {
        await swapped;
        swapped = swapping.swap(step % SERVABLES);
      }
      acquireMany(swapping, nameOf, step * ACQUIRES_PER_STEP);
      // Lets the swap go on, amid the acquiring.
      await null;
    }
    await swapped;
  };

/** The floor: the same names, looked up in a Map. */
const lookingUp = (nameOf: (i: number) => string): Contender => {
  const answers = new Map(names.map((name) => [name, { answer: 42 }]));
  return (operations) => {
    for (let i = 0; i < operations; i++) sink += answers.get(nameOf(i % SERVABLES))?.answer ?? 0;
  };
};

const benchmark: Benchmark = {
  name: "acquire while versions swap",
  async run() {
    const swapping = new SwappingManager(names);
    await swapping.fill(2);
    const known = (i: number) => names[i] as string;
    const sliced = (i: number) => nameIn(paths[i] as string);
    const results = await measure({
      known: acquiring(swapping, known, true),
      still: acquiring(swapping, known, false),
      knownLookup: lookingUp(known),
      sliced: acquiring(swapping, sliced, true),
      slicedLookup: lookingUp(sliced),
    });
    await swapping.manager.close();
    if (sink === 0) throw new Error("nothing was acquired");
    return [
      {
        name: "acquire + release, 10,000 servables, about 1,000 swaps a second (baseline: a Map lookup)",
        value: results.known.perSecond,
        unit: "op/s",
        goal: { atLeast: 10_000_000 },
        baseline: results.knownLookup.perSecond,
        spread: results.known.spread,
      },
      {
        name: "the same with the name sliced from a path",
        value: results.sliced.perSecond,
        unit: "op/s",
        baseline: results.slicedLookup.perSecond,
        spread: results.sliced.spread,
      },
      {
        name: "speed while versions swap, against the speed while none does",
        value: speedRatio(results.known, results.still),
        unit: "x",
        baseline: 1,
      },
    ];
  },
};
export default benchmark;
