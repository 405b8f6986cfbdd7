import { type LoadContext, servableId } from "@serving-kit/core";
import { type Predictor, tensor } from "@serving-kit/inference";
import { exitNow, nativeRuns } from "@serving-kit/native-library";
import { FakeClock } from "@serving-kit/testing";
import { nativeCounts, tflite } from "../src/index.js";
import { testModel } from "./support.js";

/**
 * Loads a model whose warm-up does not end, calls it, and disposes it. A process of its own: a run of 2.9
 * cannot be stopped.
 */
const turn = () => new Promise((resolve) => setImmediate(resolve));
const clock = new FakeClock();
const warnings: string[] = [];
let isWarmingUp = false;
const id = servableId("m", 1);
const context: LoadContext = {
  id,
  clock,
  signal: new AbortController().signal,
  logger: { info() {}, warn: (_, message) => void warnings.push(message), error() {} },
  warmingUp: () => {
    isWarmingUp = true;
    return () => {};
  },
};

const loading = tflite({ interpreters: 1 })
  .loader({ path: testModel("endless") }, id)
  .load(context);
while (!isWarmingUp || nativeRuns.held === 0) await turn();
await clock.advance(60_000);
const predictor = (await loading) as Predictor & AsyncDisposable;
const { y } = await predictor.predict({ x: tensor("float32", [], [0.5]) });
await predictor[Symbol.asyncDispose]();
for (let i = 0; i < 1_000 && nativeRuns.held > 0; i++) {
  await clock.advance(10);
  await turn();
}
const report = { warnings, answer: y?.data[0], running: nativeRuns.held, left: nativeCounts() };
process.stdout.write(JSON.stringify(report), () => exitNow(0));
