import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Tensors, tensor } from "@serving-kit/inference";
import type { SavedModelPredictor } from "@serving-kit/servable-tensorflow";
import { baselineCheckout } from "../baseline-checkout.js";
import type { Benchmark, Figure } from "../figure.js";
import { measure, median, speedRatio, spreadOf } from "../measure.js";
import { digitsPath, loadPredictor } from "../raw-session.js";

/** The commit before lanes. */
const BEFORE = "99aed5e1";
const CALLERS = 64;

const zoo = fileURLToPath(new URL("../../examples/models/zoo/", import.meta.url));

interface Model {
  readonly name: string;
  readonly path: string;
  readonly signature?: string;
  readonly inputs: Tensors;
}

const models: readonly Model[] = [
  {
    name: "x + 1",
    path: join(zoo, "dtypes/1"),
    signature: "float32",
    inputs: { x: tensor("float32", [1], [2]) },
  },
  {
    name: "digits row",
    path: digitsPath,
    inputs: { image: tensor("float32", [1, 64], new Float32Array(64).fill(0.5)) },
  },
];

type Load = typeof loadPredictor;

/** `loadPredictor` of a built checkout. */
async function loaderOf(folder: string): Promise<Load> {
  const load = (name: string) =>
    import(pathToFileURL(join(folder, "packages", name, "dist/index.js")).href);
  const { servableId } = await load("core");
  const { tensorflow } = await load("servable-tensorflow");
  return (path, options) => {
    const id = servableId("bench", 1);
    return tensorflow(options)
      .loader({ path }, id)
      .load({ id, signal: new AbortController().signal });
  };
}

async function figuresOf(model: Model, before: Load): Promise<Figure[]> {
  const { name, path, signature, inputs } = model;
  const inline = await loadPredictor(path, { execution: "inline" });
  const lanes = await loadPredictor(path, { execution: "thread" });
  const pool = await before(path, { execution: "thread" });
  const calls = (predictor: SavedModelPredictor, callers: number) => async (count: number) => {
    let left = count;
    const caller = async () => {
      while (left-- > 0) await predictor.predict(inputs, { signature });
    };
    await Promise.all(Array.from({ length: callers }, caller));
  };
  // Apart from each other: the spins of a lane adapt to the other threads of the process, and the old pool has four.
  const rounds = { rounds: 15, roundMs: 300, warmUpMs: 1_000 };
  const times = await measure({ inline: calls(inline, 1), lane: calls(lanes, 1) }, rounds);
  const old = await measure({ inline: calls(inline, 1), pool: calls(pool, 1) }, rounds);
  const many = await measure(
    { lanes: calls(lanes, CALLERS), pool: calls(pool, CALLERS) },
    { rounds: 21, roundMs: 60, warmUpMs: 300 },
  );
  const over = (own: readonly number[], floor: readonly number[]) =>
    own.map((ns, i) => (ns - (floor[i] as number)) / 1_000);
  const lane = over(times.lane.rounds, times.inline.rounds);
  return [
    {
      name: `${name}: call off the loop over the call on the loop, back to back`,
      value: median(lane),
      unit: "µs",
      goal: { atMost: 10 },
      baseline: median(over(old.pool.rounds, old.inline.rounds)),
      spread: spreadOf(lane),
    },
    {
      name: `${name}: ${CALLERS} callers off the loop, over ${BEFORE} (${Math.round(many.lanes.perSecond)} calls a second)`,
      value: speedRatio(many.lanes, many.pool),
      unit: "x",
      goal: { atLeast: 2 },
      spread: many.lanes.spread,
    },
  ];
}

const benchmark: Benchmark = {
  name: "TensorFlow off the event loop: lanes and libuv's pool",
  async run() {
    const { folder } = await baselineCheckout(BEFORE, ["servable-tensorflow"]);
    const before = await loaderOf(folder);
    const figures: Figure[] = [];
    for (const model of models) figures.push(...(await figuresOf(model, before)));
    return figures;
  },
};

export default benchmark;
