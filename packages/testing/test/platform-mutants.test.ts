import { appendFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { COMPLETE, ServingError, systemClock } from "@serving-kit/core";
import { definePlatform, type PlatformDefinition, withMembers } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { FakePredictor, platformConformance } from "../src/index.js";
import { failuresOf } from "./collecting-runner.js";
import { fakeDefinition, fakePlatformOptions } from "./fake-platform.js";

type Definition = PlatformDefinition<object>;

/** The clauses that a platform breaks which differs from the fake one in some members. */
async function brokenBy(change: Partial<Definition>, create = fakePlatformOptions(change).create) {
  const options = { ...fakePlatformOptions(change), create };
  return [...(await failuresOf((runner) => platformConformance(runner, options))).keys()];
}

const { inspect, install, libraryReport } = fakeDefinition as Required<Definition>;

describe("platformConformance rejects a platform", () => {
  it("but not one that keeps the contract, nor one without optional members", async () => {
    expect(await brokenBy({})).toEqual([]);
    const { name, load, accepts, isComplete } = fakeDefinition as Required<Definition>;
    const few = definePlatform({ name, load, accepts, isComplete });
    expect(await brokenBy({}, () => few())).toEqual([]);
  });

  it("G1 that starts to work when it makes a loader", async () => {
    const timers: Disposable[] = [];
    const create = () => {
      const platform = fakePlatformOptions().create();
      return withMembers(platform, {
        loader(storage, id) {
          timers.push(systemClock.setTimeout(() => {}, 60_000));
          return platform.loader(storage, id);
        },
      });
    };
    const broken = await brokenBy({}, create);
    for (const timer of timers) timer[Symbol.dispose]();
    expect(broken).toEqual(["G1"]);
  });

  it("G2 that accepts everything", async () => {
    expect(await brokenBy({ accepts: async () => true })).toEqual(["G2"]);
  });

  it("G3 that treats every file as complete, or does not name what is missing", async () => {
    expect(await brokenBy({ isComplete: async () => COMPLETE })).toEqual(["G3"]);
    const isComplete: Definition["isComplete"] = async (path) =>
      path.endsWith("half.fake") ? { isComplete: false, problem: "" } : COMPLETE;
    expect(await brokenBy({ isComplete })).toEqual(["G3"]);
  });

  it("G4 that describes no signature, or describes what is not its model", async () => {
    const description = "a model";
    expect(await brokenBy({ inspect: async () => ({ description, problems: [] }) })).toEqual([
      "G4",
    ]);
    const lenient: Definition["inspect"] = (path, options) =>
      inspect(path, options).catch(() => ({ description: "", problems: [] }));
    expect(await brokenBy({ inspect: lenient })).toEqual(["G4"]);
    const vague: Definition["inspect"] = (path, options) =>
      inspect(path, options).catch(() => {
        throw new ServingError("NOT_FOUND", "MISSING", "there is no model");
      });
    expect(await brokenBy({ inspect: vague })).toEqual(["G4"]);
  });

  it("G5 that leaves a file behind where it looks", async () => {
    const { path } = fakePlatformOptions();
    const noting: Definition["inspect"] = async (file, options) => {
      const inspection = await inspect(file, options);
      await appendFile(file, "seen");
      return inspection;
    };
    expect(await brokenBy({ inspect: noting })).toEqual(["G5"]);
    await writeFile(path, "a model");
  });

  it("G6 that rejects without a library, or does not name the remedy", async () => {
    const rejecting: Definition["libraryReport"] = async (request, options) => {
      const report = await libraryReport(request, options);
      if (!report.opened) throw new Error(report.problem);
      return report;
    };
    expect(await brokenBy({ libraryReport: rejecting })).toEqual(["G6"]);
    const silent: Definition["libraryReport"] = async (request, options) => {
      const { remedy: _, ...report } = await libraryReport(request, options);
      return report;
    };
    expect(await brokenBy({ libraryReport: silent })).toEqual(["G6"]);
  });

  it("G7 that installs what does not open, or installs again", async () => {
    const useless: Definition["install"] = async (request) => {
      const installed = await install(request);
      await rm(installed.library);
      return installed;
    };
    expect(await brokenBy({ install: useless })).toEqual(["G7"]);
    const again: Definition["install"] = async (request) => {
      const installed = await install(request);
      await writeFile(join(installed.folder, `${performance.now()}`), "");
      return installed;
    };
    expect(await brokenBy({ install: again })).toEqual(["G7"]);
  });

  it("G8 that installs although it was aborted", async () => {
    const deaf: Definition["install"] = ({ signal: _, ...request }) => install(request);
    expect(await brokenBy({ install: deaf })).toEqual(["G8"]);
  });

  it("G9 whose predictors have a clock of their own", async () => {
    const load = async () => new FakePredictor();
    expect(await brokenBy({ load, keepsContract: true })).toEqual(["G9"]);
  });
});
