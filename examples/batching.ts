// Measures calls per second with and without batching.
import { readFileSync } from "node:fs";
import { batch } from "@serving-kit/batching";
import { servableId } from "@serving-kit/core";
import { type Predictor, tensor } from "@serving-kit/inference";
import { tflite } from "@serving-kit/servable-tflite";

const CALLERS = 64;
const SECONDS = 1;

const models = `${import.meta.dirname}/models/digits`;
const [{ image }] = JSON.parse(readFileSync(`${models}/samples.json`, "utf8"));

/** Loads the digits model so that each run uses a thread of the pool, as runs of larger models do. */
async function load(): Promise<Predictor> {
  const id = servableId("digits", 1);
  const loader = tflite({ execution: "thread" }).loader({ path: `${models}/1` }, id);
  return loader.load({ id, signal: new AbortController().signal });
}

/** Returns the answers per second if each caller calls again as soon as it has its answer. */
async function answersPerSecond(predictor: Predictor): Promise<number> {
  let answers = 0;
  const endAtMs = performance.now() + 1000 * SECONDS;
  const keepCalling = async () => {
    while (performance.now() < endAtMs) {
      await predictor.predict({ image: tensor("float32", [1, 64], image) });
      answers++;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, keepCalling));
  return answers / SECONDS;
}

const plain = await load();
const unbatched = await answersPerSecond(plain);
await plain[Symbol.asyncDispose]?.();

// #region batch
const predictor = batch(await load(), {
  maxBatchSize: 64,
  slots: 2,
  rerunFailedBatches: true, // a bad call does not fail the rest of its batch
});
const batched = await answersPerSecond(predictor);
// #endregion

const format = (answers: number) => Math.round(answers).toLocaleString("en").padStart(9);
console.log(`one by one ${format(unbatched)} answers a second`);
console.log(
  `batched    ${format(batched)} answers a second, ${(batched / unbatched).toFixed(1)} x`,
);

// #region stats
const [stats] = predictor.stats();
console.log(
  `${stats?.batches} batches; a call waited ${stats?.queueMs.p50.toFixed(3)} ms (median)`,
);
for (const { size, count } of stats?.batchSizes ?? []) console.log(`  ${count} batches of ${size}`);
// #endregion
await predictor[Symbol.asyncDispose]();
