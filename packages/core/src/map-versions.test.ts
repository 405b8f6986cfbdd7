import { adapterConformance } from "@serving-kit/testing";
import { of } from "rxjs";
import { describe, expect, it } from "vitest";
import { type AspiredVersions, aspire } from "./aspired-versions.js";
import { errors } from "./errors.js";
import { mapVersions } from "./map-versions.js";
import { servableId } from "./servable-id.js";
import type { SourceAdapter } from "./source.js";

const parse: SourceAdapter<string, number> = mapVersions((data: string) => {
  if (data === "invalid") throw new Error("no number");
  return Number(data);
});

adapterConformance(
  { describe, it },
  { name: "mapVersions", create: () => parse, data: "1", failingData: "invalid" },
);

describe("mapVersions", () => {
  const id = (version: number) => servableId("m", version);

  it("converts, passes errors through, and emits an error if a conversion throws", () => {
    const emitted: AspiredVersions<number>[] = [];
    const given = errors.neverFits(id(2), "a", "b");
    of({
      name: "m",
      versions: [aspire(id(0), "7"), aspire(id(1), "invalid"), { id: id(2), error: given }],
    })
      .pipe(parse)
      .subscribe((list) => emitted.push(list));
    expect(emitted).toMatchObject([
      {
        name: "m",
        versions: [
          { id: id(0), data: 7 },
          {
            id: id(1),
            error: {
              code: "INTERNAL",
              reason: "ADAPTER_FAILED",
              message: "a source adapter failed for {name: m version: 1}: no number",
            },
          },
          { id: id(2), error: given },
        ],
      },
    ]);
  });

  it("keeps a ServingError that the conversion throws", () => {
    const thrown = errors.neverFits(id(1), "a", "b");
    const emitted: AspiredVersions<number>[] = [];
    const adapter = mapVersions<string, number>(() => {
      throw thrown;
    });
    of({ name: "m", versions: [aspire(id(1), "")] })
      .pipe(adapter)
      .subscribe((list) => emitted.push(list));
    expect(emitted[0]?.versions).toEqual([{ id: id(1), error: thrown }]);
  });

  it("passes the id to the conversion", () => {
    const asked: unknown[] = [];
    of({ name: "m", versions: [aspire(id(4), "data")] })
      .pipe(mapVersions((data, id) => asked.push([data, id])))
      .subscribe();
    expect(asked).toEqual([["data", id(4)]]);
  });
});
