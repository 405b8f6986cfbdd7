import { tensor } from "@serving-kit/inference";
import type { LoggedRequest } from "@serving-kit/server";
import { FakeClock, turn } from "@serving-kit/testing";
import { expect, it } from "vitest";
import { RequestLog } from "./request-log.js";

const call = { inputs: { x: tensor("float32", [1], [1]) } };
const id = { name: "m", version: 1n };
const silent = { info() {}, warn() {}, error() {} };

it("samples the share that the rate says", () => {
  const rolls = [0, 0.24, 0.25, 0.9];
  const sink = { write() {} };
  const log = new RequestLog(
    { sink, samplingRate: 0.25 },
    silent,
    undefined,
    undefined,
    () => rolls.shift() as number,
  );
  const sampled = rolls.slice().map(() => log.sample("Predict", id, call) !== undefined);
  expect(sampled).toEqual([true, true, false, false]);
});

it("logs an error of its sink once, until the sink writes again", async () => {
  const failures = ["full", "full", "gone", undefined, "gone"];
  const lines: string[] = [];
  const sink = {
    write: async () => {
      const failure = failures.shift();
      if (failure) throw new Error(failure);
    },
  };
  const logger = { ...silent, error: (_: object, line: string) => void lines.push(line) };
  await using log = new RequestLog({ sink }, logger);
  while (failures.length > 0) {
    log.add(log.sample("Predict", id, call) as LoggedRequest);
    await turn();
  }
  expect(lines).toEqual(["full", "gone", "gone"].map((line) => `request log: ${line}`));
});

it("keeps no more than it may, drops and counts the rest, and does not wait indefinitely", async () => {
  const clock = new FakeClock();
  const written: LoggedRequest[] = [];
  const sink = {
    write: (requests: readonly LoggedRequest[]) => {
      written.push(...requests);
      return new Promise<void>(() => {});
    },
  };
  const statuses: string[] = [];
  const options = { sink, maxQueuedBytes: 1_200 };
  const log = new RequestLog(options, silent, (_, status) => statuses.push(status), clock);
  for (let i = 0; i < 5; i++) log.add(log.sample("Predict", id, call) as LoggedRequest);
  expect(statuses).toEqual(["RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED"]);
  const closed = log[Symbol.asyncDispose]();
  await clock.advance(5_000);
  await closed;
  expect(written).toHaveLength(3);
});
