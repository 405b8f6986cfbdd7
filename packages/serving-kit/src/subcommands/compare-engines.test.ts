import { tensor } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { differenceOf } from "../compare/compare-report.js";
import { generatedInputs } from "../compare/generated-inputs.js";
import type { EngineMeasurement, EngineTask } from "../compare/measure-engine.js";
import { compareEngines } from "./compare-engines.js";

const measurement = (engine: string, value: number): EngineMeasurement => ({
  ...{ engine, path: `/models/${engine}`, loadMs: 12.3, memoryBytes: 3 * 2 ** 20 },
  ...{ p50Ms: 0.1234, p99Ms: 5, callsPerSecond: 12_345.6, batchSize: 32 },
  outputs: { y: tensor("float32", [2], [1, value]) },
});

async function run(args: readonly string[]) {
  const tasks: EngineTask[] = [];
  const values = [2, 2, 2.5];
  const command = compareEngines({
    async measure(task) {
      tasks.push(task);
      return measurement(task.path, values[tasks.length - 1] ?? 0);
    },
  });
  let stdout = "";
  const code = await command.run(args, {
    signal: new AbortController().signal,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: () => {} },
  });
  return { code, stdout, tasks };
}

describe("serving-kit compare-engines", () => {
  it("prints a line for each engine, with the difference from the first", async () => {
    const { code, stdout, tasks } = await run(["a", "b", "c", "--rows=4", "--callers=8"]);
    expect(code).toBe(0);
    expect(stdout.split("\n").slice(0, 4)).toEqual([
      "engine  load ms  memory MiB  p50 ms  p99 ms  calls/s  batch  difference",
      "a            12         3.0   0.123   5.000   12,346   32.0        none",
      "b            12         3.0   0.123   5.000   12,346   32.0        none",
      "c            12         3.0   0.123   5.000   12,346   32.0      5.0e-1",
    ]);
    expect(tasks.map(({ path, rows, callers }) => [path, rows, callers])).toEqual([
      ["a", 4, 8],
      ["b", 4, 8],
      ["c", 4, 8],
    ]);
  });

  it("prints JSON without the outputs", async () => {
    const { stdout } = await run(["a", "b", "c", "--json"]);
    const engines = JSON.parse(stdout) as object[];
    expect(engines[2]).toEqual({
      ...{ engine: "c", path: "/models/c", loadMs: 12.3, memoryBytes: 3 * 2 ** 20 },
      ...{ p50Ms: 0.1234, p99Ms: 5, callsPerSecond: 12_345.6, batchSize: 32 },
      difference: { largest: 0.5 },
    });
  });

  it("needs a model", async () => {
    await expect(run([])).rejects.toThrow("DIR…");
  });
});

describe("differenceOf", () => {
  const a = { x: tensor("float32", [2], [1, Number.NaN]), s: tensor("string", [1], ["a"]) };
  it.each([
    ["other names", { p: a.s, q: a.x }, { largest: 0 }],
    ["other strings", { x: a.x, s: tensor("string", [1], ["b"]) }, { largest: Infinity }],
    [
      "another shape",
      { ...a, x: tensor("float32", [1], [1]) },
      { problem: "shape [1] instead of [2]" },
    ],
    ["fewer outputs", { x: a.x }, { problem: "1 outputs instead of 2" }],
  ])("%s", (_, b, difference) => {
    expect(differenceOf(a, b)).toEqual(difference);
  });
});

describe("generatedInputs", () => {
  it("are the same for the same shapes under other names", () => {
    const spec = { dtype: "float32", shape: [-1, 3] } as const;
    const inputsOf = (name: string) =>
      generatedInputs({ inputs: new Map([[name, spec]]), outputs: new Map() }, 2)[name];
    expect(inputsOf("a")).toEqual(inputsOf("b"));
    expect(new Set(inputsOf("a")?.data as Float32Array).size).toBe(6);
    expect(inputsOf("a")?.shape).toEqual([2, 3]);
  });
});
