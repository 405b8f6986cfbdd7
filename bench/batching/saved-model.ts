import { readFileSync } from "node:fs";
import { batch } from "@serving-kit/batching";
import { type Predictor, tensor } from "@serving-kit/inference";
import type { Benchmark } from "../figure.js";
import { type Contender, type Measurement, measure, speedRatio } from "../measure.js";
import { digitsPath, loadPredictor, openRaw } from "../raw-session.js";

const CALLERS = 64;
const OPTIONS = { maxBatchSize: CALLERS, slots: 2 };
const THREAD = { execution: "thread" } as const;
const samples = new URL("../../examples/models/digits/samples.json", import.meta.url);
const images: readonly number[][] = JSON.parse(readFileSync(samples, "utf8")).map(
  ({ image }: { image: number[] }) => image,
);
const imageOf = (caller: number) => images[caller % images.length] as number[];

/** Runs concurrent callers of one row each. Each calls again as soon as it has its response. */
function calling(predictor: Predictor): Contender {
  const inputs = Array.from({ length: CALLERS }, (_, caller) => ({
    image: tensor("float32", [1, 64], imageOf(caller)),
  }));
  return async (operations) => {
    const keepCalling = async (caller: number) => {
      for (let i = 0; i < operations; i += CALLERS) {
        await predictor.predict(inputs[caller] as (typeof inputs)[0]);
      }
    };
    await Promise.all(inputs.map((_, caller) => keepCalling(caller)));
  };
}

const benchmark: Benchmark = {
  name: "64 callers, a row each, on the digits SavedModel",
  async run() {
    const image = tensor(
      "float32",
      [CALLERS, 64],
      Array.from({ length: CALLERS }, (_, i) => imageOf(i)).flat(),
    );
    const session = await openRaw(digitsPath, { image }, { usesOneThread: true });
    const batched = batch(await loadPredictor(digitsPath), OPTIONS);
    const onThread = batch(await loadPredictor(digitsPath, THREAD), OPTIONS);
    const unbatched = await loadPredictor(digitsPath);
    const unbatchedOnThread = await loadPredictor(digitsPath, THREAD);
    const measured = await measure({
      raw: (operations) => {
        for (let i = 0; i < operations; i += CALLERS) session.run();
      },
      batched: calling(batched),
      onThread: calling(onThread),
      unbatched: calling(unbatched),
      unbatchedOnThread: calling(unbatchedOnThread),
    });
    for (const one of [batched, onThread, unbatched, unbatchedOnThread]) {
      await one[Symbol.asyncDispose]();
    }
    const overRaw = ({ nsPerOperation, spread }: Measurement) => ({
      value: (nsPerOperation - measured.raw.nsPerOperation) / 1_000,
      unit: "us",
      spread,
    });
    return [
      {
        name: "a row, over the raw loop at batch 64",
        ...overRaw(measured.batched),
        goal: { atMost: 2 },
      },
      {
        name: "a row, over the raw loop at batch 64, every run on a thread",
        ...overRaw(measured.onThread),
      },
      {
        name: "rows a second (baseline: the raw loop)",
        value: measured.batched.perSecond,
        unit: "rows/s",
        baseline: measured.raw.perSecond,
      },
      {
        name: "as a multiple of the unbatched predictor whose runs are on threads",
        value: speedRatio(measured.batched, measured.unbatchedOnThread),
        unit: "x",
        goal: { atLeast: 5 },
      },
      {
        name: "as a multiple of the unbatched predictor by default, inline",
        value: speedRatio(measured.batched, measured.unbatched),
        unit: "x",
      },
    ];
  },
};
export default benchmark;
