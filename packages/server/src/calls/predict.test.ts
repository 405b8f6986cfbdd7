import { type ServableHandle, silentLogger } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { FakeClock } from "@serving-kit/testing";
import { expect, it } from "vitest";
import type { ServerCore } from "../server-core.js";
import { predict } from "./predict.js";

/** A predictor that never settles and ignores deadline and signal. */
const careless: Predictor = {
  signatures: new Map(),
  batchable: false,
  predict: () => new Promise(() => {}),
};

function coreOf(clock: FakeClock) {
  let released = 0;
  const handle = { id: { name: "m", version: 1n }, servable: careless, release: () => released++ };
  const core = {
    acquire: () => handle as unknown as ServableHandle<Predictor>,
    checksMethodNames: false,
    clock,
    logger: silentLogger,
  } as unknown as ServerCore;
  return { core, released: () => released };
}

it("a call ends at its deadline and with its signal, whatever the predictor does", async () => {
  const clock = new FakeClock();
  const { core, released } = coreOf(clock);
  const call = () => ({ inputs: {} });
  const late = predict(core, { name: "m" }, call, { deadlineAtMs: clock.now() + 2 });
  const outcome = expect(late).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  await clock.advance(2);
  await outcome;
  const controller = new AbortController();
  const aborted = predict(core, { name: "m" }, call, { signal: controller.signal });
  controller.abort(new Error("gone"));
  await expect(aborted).rejects.toThrow("gone");
  expect(released()).toBe(2);
});
