import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batching } from "@serving-kit/batching";
import { aspire, servableId, sourceFrom } from "@serving-kit/core";
import { tensor } from "@serving-kit/inference";
import {
  adapterConformance,
  loaderConformance,
  predictorConformance,
  predictorThroughManager,
} from "@serving-kit/testing";
import { afterAll, describe, expect, it } from "vitest";
import { runExample } from "../run-example.js";
import { nearestNeighbour } from "./custom-servable.js";

const id = servableId("iris", 1);
const path = join(import.meta.dirname, "models/iris/1");

const runner = { describe, it };
const point = (...x: number[]) => tensor("float32", [x.length / 4, 4], x);
const label = (...names: string[]) => tensor("string", [names.length], names);

// #region loader
const corrupt = mkdtempSync(join(tmpdir(), "neighbours-"));
const missing = join(corrupt, "missing");
const write = (text: string) => writeFileSync(join(corrupt, "neighbours.json"), text);

loaderConformance(runner, {
  name: "nearest neighbour",
  create: () => nearestNeighbour().loader({ path }, id),
  use: async (predictor) => {
    await predictor.predict({ point: point(5, 3.4, 1.5, 0.2) });
  },
  broken: [
    { path: missing, create: () => nearestNeighbour().loader({ path: missing }, id) },
    {
      path: corrupt,
      create: () => {
        write('{ "points": [[1, 2, 3');
        return nearestNeighbour().loader({ path: corrupt }, id);
      },
      repair: () => write('{ "points": [[1, 2, 3, 4]], "labels": ["one"] }'),
    },
  ],
});
// #endregion

afterAll(() => rmSync(corrupt, { recursive: true }));

// #region skip
adapterConformance(runner, {
  name: "nearest neighbour",
  create: () => nearestNeighbour(),
  data: { path },
  skip: [{ reason: "making a loader cannot throw", clauses: ["A3"] }],
});
// #endregion

// #region wrapped
const source = sourceFrom(async function* () {
  yield { name: "iris", versions: [aspire(id, { path })] };
});

predictorConformance(runner, {
  name: "nearest neighbour, batched, through a manager",
  create: () =>
    predictorThroughManager(source.pipe(nearestNeighbour(), batching()), { name: "iris" }),
  examples: [
    { inputs: { point: point(5, 3.4, 1.5, 0.2) }, outputs: { label: label("setosa") } },
    { inputs: { point: point(6.9, 3.1, 5.4, 2.1) }, outputs: { label: label("virginica") } },
  ],
});
// #endregion

describe("the conformance suite of the docs", () => {
  it("passes under node:test", async () => {
    const { stdout, code } = await runExample("custom-servable/conformance.ts");
    expect([code, stdout]).toEqual([0, expect.stringMatching(/pass [1-9]\d+\n.*fail 0\n/s)]);
  });
});

describe("the program", () => {
  it("prints two answers and ends", async () => {
    const { stdout, stderr, code } = await runExample("custom-servable/main.ts");
    expect([stdout, stderr, code]).toEqual(["two flowers: setosa and virginica\n", "", 0]);
  });
});
