import { mapVersions, type SourceAdapter } from "@serving-kit/core";
import { delay, map, share } from "rxjs";
import { describe, expect, it } from "vitest";
import { adapterConformance } from "../src/index.js";
import { failuresOf } from "./collecting-runner.js";

describe("adapterConformance rejects an adapter", () => {
  const parse = (text: string) => JSON.parse(text) as unknown;
  const brokenBy = async (adapter: SourceAdapter<string, unknown>) => {
    const failures = await failuresOf((runner) =>
      adapterConformance(runner, {
        name: "mutant",
        create: () => adapter,
        data: "1",
        failingData: "{",
      }),
    );
    return [...failures.keys()];
  };

  it("but not one that keeps the contract", async () => {
    expect(await brokenBy(mapVersions(parse))).toEqual([]);
  });

  it("A1 that sorts", async () => {
    const sorting: SourceAdapter<string, unknown> = (source) =>
      mapVersions(parse)(source).pipe(
        map(({ name, versions }) => ({
          name,
          versions: versions.toSorted((a, b) => Number(a.id.version - b.id.version)),
        })),
      );
    expect(await brokenBy(sorting)).toContain("A1");
  });

  it("A2 that drops versions with an error", async () => {
    const dropping: SourceAdapter<string, unknown> = (source) =>
      mapVersions(parse)(
        source.pipe(
          map(({ name, versions }) => ({ name, versions: versions.filter((v) => "data" in v) })),
        ),
      );
    expect(await brokenBy(dropping)).toContain("A2");
  });

  it("A3 that returns undefined for what cannot be converted", async () => {
    const lenient = mapVersions((text: string) => {
      try {
        return parse(text);
      } catch {
        return undefined;
      }
    });
    expect(await brokenBy(lenient)).toEqual(["A3"]);
  });

  it("A4 that keeps its subscription, or never ends", async () => {
    const keeping: SourceAdapter<string, unknown> = (source) => {
      const kept = mapVersions(parse)(source).pipe(share());
      kept.subscribe({ error: () => {} });
      return kept;
    };
    expect(await brokenBy(keeping)).toEqual(["A4"]);
    const late: SourceAdapter<string, unknown> = (source) =>
      mapVersions(parse)(source).pipe(share({ resetOnRefCountZero: false }));
    expect(await brokenBy(late)).toEqual(["A4"]);
    expect(await brokenBy((source) => mapVersions(parse)(source).pipe(delay(5)))).toContain("A4");
  });
});
