import { type Clock, systemClock } from "@serving-kit/core";
import { type PredictOptions, tensor } from "@serving-kit/inference";
import { NativeExecutor, NativeRuns, nativeRuns } from "@serving-kit/native-library";
import { describe, expect, it } from "vitest";
import { openTensorFlow } from "../src/native/library.js";
import { SavedModelSession } from "../src/native/saved-model-session.js";
import { SessionRunner } from "../src/native/session-runner.js";
import { readSavedModel, selectMetaGraph } from "../src/saved-model.js";
import type { SavedModelPredictor } from "../src/saved-model-predictor.js";
import { digits, digitsPath, load, skipReason, zooPath } from "./zoo.js";

/** A loop of hours. */
const ENDLESS = 2_000_000_000;
/** A loop of a second or two: its end is waited for. */
const LONG = 100_000;

const example = digits[0] as (typeof digits)[number];

const slow = (predictor: SavedModelPredictor, steps: number, options: PredictOptions = {}) =>
  predictor.predict({ steps: tensor("int32", [1], [steps]) }, { signature: "slow", ...options });

/** Each run takes 51 ms or more on this clock. */
class SlowClock implements Clock {
  #nowMs = 0;

  now(): number {
    this.#nowMs += 51;
    return this.#nowMs;
  }

  setTimeout = systemClock.setTimeout;
  setImmediate = systemClock.setImmediate;
}

describe.skipIf(skipReason)(`runs past their deadline${skipReason}`, () => {
  it("are stopped if the graph has control flow: the next call finds the place free", async () => {
    await using predictor = await load(zooPath("trouble"), { concurrency: 1 });
    for (let i = 0; i < 3; i++) {
      const deadlineAtMs = performance.now() + 50;
      await expect(slow(predictor, ENDLESS, { deadlineAtMs })).rejects.toMatchObject({
        reason: "DEADLINE_EXCEEDED",
      });
      const { sum } = await slow(predictor, 1);
      expect(sum?.data).toEqual(Float32Array.of(65));
    }
  });

  it("are stopped with several threads of a run too", async () => {
    await using predictor = await load(zooPath("trouble"), { concurrency: 1, interOpThreads: 2 });
    const deadlineAtMs = performance.now() + 50;
    await expect(slow(predictor, ENDLESS, { deadlineAtMs })).rejects.toMatchObject({
      reason: "DEADLINE_EXCEEDED",
    });
    expect((await slow(predictor, 1)).sum?.data).toEqual(Float32Array.of(65));
  });

  it("leave a thread to other models if they continue", async () => {
    const concurrency = nativeRuns.limit;
    await using predictor = await load(zooPath("trouble"), { concurrency });
    await using model = await load(digitsPath, { execution: "thread" });
    const controller = new AbortController();
    // Only a deadline stops a run: these have none, and their callers leave.
    const { signal } = controller;
    const calls = Array.from({ length: concurrency }, () => slow(predictor, LONG, { signal }));
    const left = Promise.allSettled(calls);
    controller.abort(new Error("the client has gone"));
    await left;
    expect(nativeRuns.held).toBe(concurrency);
    await model.predict(example.inputs);
    expect(nativeRuns.held).toBe(concurrency);
  });

  it("are stopped once 3 of the last 10 of the signature took longer than 50 ms", async () => {
    const tensorflow = await openTensorFlow();
    const path = digitsPath;
    const graph = selectMetaGraph(path, await readSavedModel(path), ["serve"]);
    const config = new Uint8Array(0);
    const session = await SavedModelSession.load(tensorflow, { path, graph, config });
    let timedRuns = 0;
    const newBuffer = (...args: unknown[]) => {
      timedRuns++;
      return tensorflow.bindings.newBuffer(...args);
    };
    const { async } = tensorflow.bindings.newBuffer;
    const bindings = { ...tensorflow.bindings, newBuffer: Object.assign(newBuffer, { async }) };
    const clock = new SlowClock();
    const executor = new NativeExecutor({ execution: "thread", runs: new NativeRuns(1), clock });
    const [[name, tensors] = []] = session.tensors;
    if (name === undefined || tensors === undefined) throw new Error("no signature");
    const runner = new SessionRunner(
      bindings,
      executor,
      { session: session.pointer, usesCallerThread: true },
      {
        name,
        tensors,
        traits: { hasControlFlow: false, hasOpenRunTime: false, movesState: false },
      },
      systemClock,
    );
    timedRuns = 0; // the runner made the options of runs without a limit
    const run = async (deadlineAtMs?: number) => {
      await runner.run(example.inputs, runner.outputNames, { deadlineAtMs });
      return timedRuns;
    };
    const inAnHour = performance.now() + 3_600_000;
    const counts: number[] = [];
    for (let i = 0; i < 5; i++) counts.push(await run(inAnHour));
    expect(counts).toEqual([0, 0, 0, 1, 2]);
    expect(await run()).toBe(2);
    runner.close();
    await session.close();
  });
});
