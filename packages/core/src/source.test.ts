import { deferred, RecordingTarget, sourceConformance, turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { type AspiredVersions, aspire } from "./aspired-versions.js";
import { servableId, type Version } from "./servable-id.js";
import { sourceFrom } from "./source.js";

const list = (...versions: number[]): AspiredVersions<string> => ({
  name: "m",
  versions: versions.map((v) => aspire(servableId("m", v), `/m/${v}`)),
});

sourceConformance(
  { describe, it },
  {
    name: "sourceFrom",
    create: () => {
      const world = new Map<string, readonly Version[]>([
        ["a", []],
        ["b", []],
      ]);
      let changed = deferred();
      return {
        names: ["a", "b"],
        source: sourceFrom(async function* (signal) {
          const seen = new Map<string, readonly Version[]>();
          while (!signal.aborted) {
            const again = changed.promise;
            for (const [name, versions] of world) {
              if (seen.get(name) === versions) continue;
              seen.set(name, versions);
              yield { name, versions: versions.map((v) => aspire(servableId(name, v), "/")) };
            }
            await again;
          }
        }),
        aspire(name, versions) {
          world.set(name, [...versions]);
          const told = changed;
          changed = deferred();
          told.resolve();
        },
      };
    },
    skip: [{ reason: "this source reports no errors of its own", clauses: ["O6"] }],
  },
);

describe("sourceFrom", () => {
  it("emits what the generator yields, then completes", async () => {
    const target = new RecordingTarget(
      sourceFrom(async function* () {
        yield list(1);
        yield list(1, 2);
      }),
    );
    await turn();
    expect(target.emissions).toEqual([list(1), list(1, 2)]);
    expect(target.isCompleted).toBe(true);
  });

  it("O1 does not call the function before it is subscribed to", async () => {
    let calls = 0;
    sourceFrom(async function* () {
      calls++;
      yield list();
    });
    await turn();
    expect(calls).toBe(0);
  });

  it("O7 after unsubscribing it aborts the signal, emits nothing and returns the generator", async () => {
    const gate = deferred();
    const seen: string[] = [];
    const source = sourceFrom(async function* (signal) {
      signal.addEventListener("abort", () => seen.push("aborted"));
      try {
        yield list(1);
        await gate.promise;
        yield list(2);
        seen.push("went on");
      } finally {
        seen.push("finally");
      }
    });
    const target = new RecordingTarget(source);
    await turn();
    target[Symbol.dispose]();
    expect(seen).toEqual(["aborted"]);
    gate.resolve();
    await turn();
    expect(seen).toEqual(["aborted", "finally"]);
    expect(target.emissions).toEqual([list(1)]);
    expect(target.isCompleted).toBe(false);
  });

  it("O7 does not call the function if it is unsubscribed immediately", async () => {
    let calls = 0;
    const source = sourceFrom(async function* () {
      calls++;
      yield list();
    });
    new RecordingTarget(source)[Symbol.dispose]();
    await turn();
    expect(calls).toBe(0);
  });

  it("O7 swallows what the generator throws after unsubscribing", async () => {
    const gate = deferred();
    const source = sourceFrom(async function* () {
      yield list(1);
      try {
        await gate.promise;
        yield list(2);
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: the case of the test
        throw new Error("in finally");
      }
    });
    const target = new RecordingTarget(source);
    await turn();
    target[Symbol.dispose]();
    gate.resolve();
    await turn();
    expect(target.failure).toBeUndefined();
  });

  it("O8 creates a generator for each subscriber", async () => {
    let calls = 0;
    const source = sourceFrom(async function* () {
      calls++;
      for (const v of [1, 2, 3]) yield list(v);
    });
    const [first, second] = [new RecordingTarget(source), new RecordingTarget(source)];
    await turn();
    expect(calls).toBe(2);
    expect(first.emissions).toEqual([list(1), list(2), list(3)]);
    expect(second.emissions).toEqual(first.emissions);
  });

  it("O9 never emits within subscribe", async () => {
    const target = new RecordingTarget(
      sourceFrom(async function* () {
        yield list(1);
      }),
    );
    expect(target.isSynchronous).toBe(false);
    expect(target.emissions).toEqual([]);
    await turn();
    expect(target.emissions).toHaveLength(1);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("broken");
      },
    ],
    [
      "rejects",
      // biome-ignore lint/correctness/useYield: the case of the test
      async function* () {
        throw new Error("broken");
      },
    ],
    ["gives no iterable", () => ({})],
  ])("fails when the function %s", async (_, generate) => {
    const target = new RecordingTarget(sourceFrom(generate as never));
    await turn();
    expect(target.failure?.error).toBeInstanceOf(Error);
  });
});
