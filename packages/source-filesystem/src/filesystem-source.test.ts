import { existsSync, symlinkSync } from "node:fs";
import { COMPLETE, type Completeness, incomplete } from "@serving-kit/core";
import { describe, expect, it } from "vitest";
import { useBench } from "../test/observe.js";
import { nodeFileSystem } from "./file-system.js";
import type { FilesystemSource } from "./filesystem-source.js";
import { all, latest, specific } from "./index.js";

const bench = useBench();

/** The file system of the process, except what it answers about some paths. */
function failingAt(fails: () => ReadonlyMap<string, string>) {
  const unless = async <T>(path: string, answer: (path: string) => Promise<T>) => {
    const code = fails().get(path);
    if (code) throw Object.assign(new Error(`${code}: ${path}`), { code });
    return answer(path);
  };
  return {
    stat: (path: string) => unless(path, nodeFileSystem.stat),
    list: (path: string) => unless(path, nodeFileSystem.list),
  };
}

/** Lets time pass in steps, each with a look that ends: real files answer in no time of the clock. */
async function pass(source: FilesystemSource, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    await bench.clock.advance(Math.min(left, 1_000));
    await source.poll();
  }
}

describe("versions of a base path", () => {
  it("F1 emits the newest version with its absolute path and the size of its files", async () => {
    const { directory } = bench;
    directory.write("1/model.tflite");
    directory.write("2/model.tflite", "12345");
    directory.write("2/assets/words.txt", "1234567");
    const { target } = await bench.observe();
    expect(target.emissions).toEqual([
      {
        name: "m",
        versions: [
          {
            id: { name: "m", version: 2n },
            data: { path: directory.at("2"), sizeBytes: 12 },
            changed: expect.any(Function),
          },
        ],
      },
    ]);
  });

  it("F1 emits the complete list, newest first, only when it changes", async () => {
    const { directory } = bench;
    directory.write("1/model");
    const { source, lists } = await bench.observe({ servable: { versionPolicy: all() } });
    await source.poll();
    directory.write("notes.txt");
    directory.write("4.tmp/model");
    directory.write(".5/model");
    await source.poll();
    directory.write("3/model");
    directory.write("02/model");
    await source.poll();
    await source.poll();
    directory.rename("1", "4");
    await source.poll();
    directory.remove("3");
    await source.poll();
    expect(lists()).toEqual([
      ["m", 1n],
      ["m", 3n, 2n, 1n],
      ["m", 4n, 3n, 2n],
      ["m", 4n, 2n],
    ]);
  });

  it.each([
    ["latest, by default", undefined, [20261120223807123n]],
    ["latest(2)", latest(2), [20261120223807123n, 7n]],
    ["latest of more than there are", latest(9), [20261120223807123n, 7n, 0n]],
    ["all", all(), [20261120223807123n, 7n, 0n]],
    ["specific", specific([0, 7]), [7n, 0n]],
    ["specific, some missing", specific([7, 8]), [7n]],
  ])("are chosen by the policy: %s", async (_, versionPolicy, versions) => {
    for (const name of ["0", "00000007", "20261120223807123", "8x"]) {
      bench.directory.write(`${name}/model`);
    }
    const { lists } = await bench.observe({ servable: versionPolicy ? { versionPolicy } : {} });
    expect(lists()).toEqual([["m", ...versions]]);
  });

  it("fall back to the older version when the newest is deleted", async () => {
    bench.directory.write("1/model");
    bench.directory.write("2/model");
    const { source, lists } = await bench.observe();
    bench.directory.remove("2");
    await source.poll();
    expect(lists()).toEqual([
      ["m", 2n],
      ["m", 1n],
    ]);
  });

  it("may be links to directories; a link without a target is not a version yet", async () => {
    const { directory } = bench;
    directory.write("store/abc/model", "123");
    directory.makeDirectory("base");
    symlinkSync(directory.at("store/abc"), directory.at("base/1"));
    symlinkSync(directory.at("store/def"), directory.at("base/2"));
    const { source, lists, target } = await bench.observe({
      servable: { basePath: directory.at("base") },
    });
    expect(target.emissions[0]?.versions).toMatchObject([
      { id: { name: "m", version: 1n }, data: { path: directory.at("base/1"), sizeBytes: 3 } },
    ]);
    directory.write("store/def/model");
    await source.poll();
    expect(lists()).toEqual([
      ["m", 1n],
      ["m", 2n],
    ]);
  });

  it("with the same number keep the aspired directory, otherwise the one with the fewest zeros", async () => {
    const { directory } = bench;
    directory.write("007/model");
    const { source, target, told } = await bench.observe();
    directory.write("7/model");
    directory.write("07/model");
    await source.poll();
    expect(target.emissions.length).toBe(1);
    expect(source.problems()[0]?.error.message).toContain(
      `using ${directory.at("007")}, ignoring ${directory.at("7")}, ${directory.at("07")};`,
    );
    directory.remove("007");
    await source.poll();
    expect(target.latest("m")?.versions).toMatchObject([
      { id: { version: 7n }, data: { path: directory.at("7") } },
    ]);
    directory.remove("07");
    await source.poll();
    expect(told()).toEqual(["DUPLICATE_VERSION", "DUPLICATE_VERSION", "-DUPLICATE_VERSION"]);
    expect(target.emissions.length).toBe(2);
  });

  it("F2 stay aspired even if their files change or disappear", async () => {
    const { directory } = bench;
    directory.write("1/model", "123");
    const { source, lists } = await bench.observe({ settleMs: 1000, wallTimeMs: () => Infinity });
    directory.write("1/model", "123456");
    await source.poll();
    directory.remove("1/model");
    await source.poll();
    expect(lists()).toEqual([["m", 1n]]);
  });
});

describe("an unversioned base path", () => {
  const accepts = async () => true;

  it("serves as version 1 if the servable accepts it", async () => {
    bench.directory.write("model.any");
    const { target, told } = await bench.observe({ servable: { accepts } });
    expect(target.emissions).toMatchObject([
      {
        name: "m",
        versions: [
          { id: { name: "m", version: 1n }, data: { path: bench.directory.path, sizeBytes: 5 } },
        ],
      },
    ]);
    expect(told()).toEqual([]);
  });

  it.each(["model.tflite", "saved_model.pb"])(
    "is not a model by its files, such as %s, if the servable does not say so",
    async (file) => {
      bench.directory.write(file);
      expect((await bench.observe()).lists()).toEqual([["m", "nothing: NO_VERSIONS_FOUND"]]);
    },
  );

  it("serves a file as version 1, even after the file is deleted", async () => {
    const basePath = bench.directory.write("digits.tflite", "123");
    const { source, target, told } = await bench.observe({ servable: { basePath, accepts } });
    expect(target.emissions[0]?.versions).toMatchObject([
      { id: { name: "m", version: 1n }, data: { path: basePath, sizeBytes: 3 } },
    ]);
    bench.directory.remove("digits.tflite");
    await source.poll();
    expect(target.emissions.length).toBe(1);
    expect(told()).toEqual(["BASE_PATH_UNREACHABLE"]);
  });

  it("is detected by the platform if it has a rule", async () => {
    bench.directory.write("booster.json");
    const acceptsBase = async (path: string) => path === bench.directory.path;
    const servable = { accepts: acceptsBase };
    expect((await bench.observe({ servable })).lists()).toEqual([["m", 1n]]);
    bench.directory.write("model.tflite");
    const acceptsNone = async () => false;
    expect((await bench.observe({ servable: { accepts: acceptsNone } })).lists()).toEqual([
      ["m", "nothing: NO_VERSIONS_FOUND"],
    ]);
  });

  it("serves until a numbered version is complete, and is then ignored", async () => {
    bench.directory.write("model.tflite");
    const { source, lists } = await bench.observe({ servable: { accepts } });
    bench.directory.makeDirectory("2");
    await source.poll();
    expect(lists()).toEqual([["m", 1n]]);
    bench.directory.write("2/model.tflite");
    await source.poll();
    expect(lists()).toEqual([
      ["m", 1n],
      ["m", 2n],
    ]);
  });
});

describe("a base path without versions", () => {
  it("F3 reports an empty base path, and withdraws the servable", async () => {
    const { source, lists, told } = await bench.observe();
    const nothing = ["m", "nothing: NO_VERSIONS_FOUND"];
    expect(lists()).toEqual([nothing]);
    bench.directory.write("1/model");
    await source.poll();
    bench.directory.remove("1");
    await source.poll();
    await source.poll();
    expect(lists()).toEqual([nothing, ["m", 1n], nothing]);
    expect(told()).toEqual(["NO_VERSIONS_FOUND", "-NO_VERSIONS_FOUND", "NO_VERSIONS_FOUND"]);
  });

  it("F3 withdraws nothing from an empty base path with servableVersionsAlwaysPresent", async () => {
    bench.directory.write("1/model");
    const { source, lists, told } = await bench.observe({
      servable: { servableVersionsAlwaysPresent: true },
    });
    bench.directory.remove("1");
    await source.poll();
    expect(lists()).toEqual([["m", 1n]]);
    expect(told()).toEqual(["NO_VERSIONS_FOUND"]);
    bench.directory.write("2/model");
    await source.poll();
    expect(lists()).toEqual([
      ["m", 1n],
      ["m", 2n],
    ]);
  });

  it("F3 F5 reports a missing base path until it exists, without delaying others", async () => {
    bench.directory.write("there/1/model");
    const { source, lists, told } = await bench.observe({
      servables: [
        { name: "missing", basePath: bench.directory.at("missing") },
        { name: "there", basePath: bench.directory.at("there") },
      ],
    });
    const nothing = ["missing", "nothing: BASE_PATH_UNREACHABLE"];
    expect(lists()).toEqual([nothing, ["there", 1n]]);
    expect(source.problems()).toMatchObject([
      { name: "missing", error: { code: "UNAVAILABLE", reason: "BASE_PATH_UNREACHABLE" } },
    ]);
    bench.directory.write("missing/3/model");
    await source.poll();
    expect(lists()).toEqual([nothing, ["there", 1n], ["missing", 3n]]);
    expect(told()).toEqual(["BASE_PATH_UNREACHABLE", "-BASE_PATH_UNREACHABLE"]);
  });

  it("O10 takes the error back while a version is on its way, and when it is configured again", async () => {
    const servable = { name: "m", basePath: bench.directory.at("base") };
    const { source, lists } = await bench.observe({ servables: [servable] });
    const missing = ["m", "nothing: BASE_PATH_UNREACHABLE"];
    void source.reconfigure([servable]);
    expect(lists()).toEqual([missing, ["m"]]);
    await source.poll();
    bench.directory.makeDirectory("base/1");
    await source.poll();
    await source.poll();
    expect(lists()).toEqual([missing, ["m"], missing, ["m"]]);
    bench.directory.write("base/1/model");
    await source.poll();
    expect(lists().at(-1)).toEqual(["m", 1n]);
  });

  it("O10 has an error for a policy that wants no version", async () => {
    bench.directory.write("1/model");
    const { target } = await bench.observe({ servable: { versionPolicy: specific([]) } });
    expect(target.latest("m")?.error?.message).toBe(
      "the version policy of servable m names no version",
    );
  });

  it.each(["EACCES", "EIO", "ESTALE", "ENOENT"])(
    "F3 that cannot be read (%s) keeps the list in force",
    async (code) => {
      bench.directory.write("1/model");
      const failures = new Map<string, string>();
      const { source, lists, told } = await bench.observe({
        fileSystem: failingAt(() => failures),
      });
      failures.set(bench.directory.path, code);
      for (let poll = 0; poll < 3; poll++) await source.poll();
      expect(told()).toEqual(["BASE_PATH_UNREACHABLE"]);
      expect(source.problems()[0]?.error.message).toBe(
        `the base path ${bench.directory.path} of servable m cannot be read: ${code}: ${bench.directory.path}; the current versions are kept`,
      );
      failures.clear();
      bench.directory.write("2/model");
      await source.poll();
      expect(lists()).toEqual([
        ["m", 1n],
        ["m", 2n],
      ]);
    },
  );

  it("reports which versions of a specific policy are missing", async () => {
    bench.directory.write("1/model");
    const { source, lists } = await bench.observe({
      servable: { versionPolicy: specific([2, 3]) },
    });
    expect(lists()).toEqual([["m", "nothing: VERSIONS_MISSING"]]);
    expect(source.problems().map(({ error }) => error.message)).toEqual([
      `the version policy of servable m names versions that are not under ${bench.directory.path}: 2, 3`,
    ]);
  });
});

describe("completeness", () => {
  it("F2 accepts old files in the first poll, so that a cold start does not wait", async () => {
    bench.directory.write("1/model");
    const { lists } = await bench.observe({
      settleMs: 1000,
      wallTimeMs: () => Date.now() + 10_000,
    });
    expect(lists()).toEqual([["m", 1n]]);
  });

  it("F2 waits until new files have not changed for settleMs, the older version serving", async () => {
    const { directory, clock } = bench;
    directory.write("1/model");
    const wall = { ms: Date.now() + 10_000 };
    const { source, lists, told } = await bench.observe({
      settleMs: 1000,
      wallTimeMs: () => wall.ms,
      pollIntervalMs: 0,
    });
    wall.ms = 0;
    directory.write("2/part-1");
    await source.poll();
    await clock.advance(900);
    directory.write("2/part-2");
    await source.poll();
    await clock.advance(999);
    await source.poll();
    expect(lists()).toEqual([["m", 1n]]);
    expect(source.problems()).toMatchObject([
      { name: "m", version: 2n, error: { reason: "VERSION_INCOMPLETE" } },
    ]);
    await clock.advance(1);
    await source.poll();
    expect(lists()).toEqual([
      ["m", 1n],
      ["m", 2n],
    ]);
    expect(told()).toEqual(["VERSION_INCOMPLETE", "-VERSION_INCOMPLETE"]);
  });

  it("F2 calls the platform's rule once files have settled, and again until it returns true", async () => {
    const asked: string[] = [];
    let answer: Completeness = incomplete("model.index is missing");
    bench.directory.write("1/model");
    const { source, lists } = await bench.observe({
      servable: {
        isComplete: async (path) => {
          asked.push(path);
          return answer;
        },
      },
    });
    expect(lists()).toEqual([]);
    expect(source.problems()[0]?.error.message).toBe(
      `{name: m version: 1} at ${bench.directory.at("1")} is not complete yet: model.index is missing`,
    );
    answer = COMPLETE;
    await source.poll();
    const askedUntilComplete = asked.length;
    await source.poll();
    expect(lists()).toEqual([["m", 1n]]);
    expect(new Set(asked)).toEqual(new Set([bench.directory.at("1")]));
    expect(asked.length).toBe(askedUntilComplete);
  });

  it.each<[string, string, string]>([
    ["has no files", "2/", "it has no files"],
    ["is a file", "2", "it is a file, not a directory"],
    ["has a file of rsync", "2/.m.pb.Ab12Cd", ".m.pb.Ab12Cd is still being written"],
    ["has a file half downloaded", "2/m.part", "m.part is still being written"],
  ])("F2 passes a version over that %s", async (_, path, problem) => {
    bench.directory.write("1/model");
    if (path.endsWith("/")) bench.directory.makeDirectory(path);
    else bench.directory.write(path);
    const { source, lists } = await bench.observe();
    expect(lists()).toEqual([["m", 1n]]);
    await pass(source, 9_999);
    expect(source.problems()[0]?.error.message).toContain(`is not complete yet: ${problem}`);
    await pass(source, 1);
    expect(source.problems()[0]?.error).toMatchObject({
      reason: "VERSION_STALLED",
      message: expect.stringContaining(`no longer change: ${problem}; copy it again, or remove it`),
    });
    expect(lists().at(-1)).toEqual(["m", "VERSION_STALLED", 1n]);
  });

  it("F2 waits only for the ready marker if one is configured", async () => {
    bench.directory.write("1/model");
    const { source, lists } = await bench.observe({
      settleMs: 1_000_000,
      wallTimeMs: () => 0,
      servable: { readyMarker: "_READY" },
    });
    expect(source.problems()[0]?.error.message).toContain("its ready marker _READY is missing");
    bench.directory.write("1/_READY", "");
    await source.poll();
    expect(lists()).toEqual([["m", 1n]]);
  });

  it("F3 leaves no gap when the only version is replaced by a slow copy", async () => {
    bench.directory.write("1/model");
    const { source, lists } = await bench.observe();
    bench.directory.makeDirectory("2");
    bench.directory.remove("1");
    await source.poll();
    expect(lists()).toEqual([["m", 1n]]);
    bench.directory.write("2/model");
    await source.poll();
    expect(lists()).toEqual([
      ["m", 1n],
      ["m", 2n],
    ]);
  });

  it("F4 emits an unreadable version as an error in addition to the complete versions", async () => {
    const { directory, clock } = bench;
    directory.write("1/model");
    directory.write("2/model");
    const failures = new Map([[directory.at("2"), "EACCES"]]);
    const { source, lists, told } = await bench.observe({
      fileSystem: failingAt(() => failures),
      settleMs: 1000,
      wallTimeMs: () => Date.now() + 10_000,
    });
    expect(lists()).toEqual([["m", 1n]]);
    await clock.advance(1000);
    await source.poll();
    await source.poll();
    failures.clear();
    await source.poll();
    expect(lists()).toEqual([
      ["m", 1n],
      ["m", "VERSION_UNREADABLE", 1n],
      ["m", 2n],
    ]);
    expect(told()).toEqual([
      "VERSION_INCOMPLETE",
      "-VERSION_INCOMPLETE",
      "VERSION_UNREADABLE",
      "-VERSION_UNREADABLE",
    ]);
  });

  it("F4 emits only those of many unreadable versions that the policy would choose", async () => {
    for (let version = 1; version <= 5; version++) bench.directory.write(`${version}/model`);
    const isComplete = async (path: string) => {
      if (path.endsWith("2")) return COMPLETE;
      throw new Error("not a model of mine");
    };
    const servable = { isComplete, versionPolicy: latest(2) };
    const { lists, source } = await bench.observe({ servable });
    expect(lists()).toEqual([["m", "VERSION_UNREADABLE", "VERSION_UNREADABLE", 2n]]);
    expect(source.problems().length).toBe(4);
    expect(source.problems()[0]?.error.message).toBe(
      `{name: m version: 5} at ${bench.directory.at("5")} cannot be read: not a model of mine`,
    );
  });

  it("F4 F5 emits an error for a rule that rejects, and does not wait for a rule that hangs", async () => {
    const { directory, clock } = bench;
    directory.write("a/1/model");
    directory.write("b/1/model");
    directory.write("c/1/model");
    const observing = bench.observe({
      servables: [
        { name: "a", basePath: directory.at("a"), isComplete: () => new Promise(() => {}) },
        {
          name: "b",
          basePath: directory.at("b"),
          isComplete: async () => {
            throw new Error("no such op");
          },
        },
        { name: "c", basePath: directory.at("c") },
      ],
    });
    while (clock.pending < 3) await clock.advance();
    await clock.advance(2500);
    const { lists, source } = await observing;
    expect(lists().sort()).toEqual([
      ["b", "VERSION_UNREADABLE"],
      ["c", 1n],
    ]);
    expect(source.problems().map(({ name, error }) => [name, error.reason])).toEqual([
      ["a", "VERSION_INCOMPLETE"],
      ["b", "VERSION_UNREADABLE"],
    ]);
  });

  it("F3 F4 keeps the loaded version next to a stalled one, until its files change", async () => {
    const { directory } = bench;
    const isComplete = async (path: string) =>
      path.endsWith("2") && !existsSync(`${path}/variables`)
        ? incomplete("variables is missing")
        : COMPLETE;
    directory.write("1/model");
    const { source, lists } = await bench.observe({ servable: { isComplete } });
    directory.write("2/model");
    directory.remove("1");
    await source.poll();
    expect(lists()).toEqual([["m", 1n]]);
    await pass(source, 10_000);
    expect(lists().at(-1)).toEqual(["m", "VERSION_STALLED", 1n]);
    directory.write("2/more");
    await source.poll();
    expect(lists().at(-1)).toEqual(["m", 1n]);
    directory.write("2/variables");
    await source.poll();
    expect(lists().at(-1)).toEqual(["m", 2n]);
  });

  it("F4 emits an error for an invalid answer", async () => {
    bench.directory.write("1/model");
    const isComplete = async () => true as unknown as Completeness;
    const { source } = await bench.observe({ servable: { isComplete } });
    expect(source.problems()[0]?.error).toMatchObject({
      reason: "VERSION_UNREADABLE",
      message: expect.stringContaining("isComplete must return { isComplete: true } or"),
    });
  });

  it("asks the platform about a base path without versions, and passes on what helps", async () => {
    bench.directory.write("model.h5");
    const problem = "saved_model.pb is missing; model.h5 is a Keras HDF5 file";
    const isComplete = async () => incomplete(problem, "export it");
    const { source, lists } = await bench.observe({ servable: { isComplete } });
    expect(lists()).toEqual([["m", "nothing: NO_VERSIONS_FOUND"]]);
    const { path } = bench.directory;
    expect(source.problems()[0]?.error).toMatchObject({
      reason: "NO_VERSIONS_FOUND",
      message: expect.stringContaining(
        `with the model in it. Of ${path} itself: ${problem}; export it`,
      ),
    });
  });
});

describe("changed of an aspired version", () => {
  /** A version of one file, with the settling of a real source, and what is told of it. */
  async function aspired(isComplete: () => Promise<Completeness> = async () => COMPLETE) {
    const { directory, clock } = bench;
    directory.write("1/model");
    const wall = { ms: Date.now() + 10_000 };
    const { source, target } = await bench.observe({
      ...{ settleMs: 1000, pollIntervalMs: 1000, wallTimeMs: () => wall.ms },
      servable: { isComplete },
    });
    // From now on files settle by the test's clock alone.
    wall.ms = 0;
    const version = target.emissions[0]?.versions[0];
    if (!version || !("data" in version)) throw new Error("expected a version with data");
    const told: string[] = [];
    const wait = (signal = new AbortController().signal) =>
      version.changed?.(signal).then(
        () => told.push("changed"),
        (reason) => told.push(String(reason)),
      );
    return { directory, clock, source, told, wait };
  }

  it("F2 resolves one poll after files have changed and settled, each time", async () => {
    const { directory, clock, source, told, wait } = await aspired();
    void wait();
    await pass(source, 5_000);
    expect(told).toEqual([]);
    for (const text of ["longer", "and longer"]) {
      directory.write("1/model", text);
      await source.poll();
      await clock.advance(999);
      expect(told).toEqual([]);
      await pass(source, 1);
      expect(told.splice(0)).toEqual(["changed"]);
      void wait();
      await pass(source, 5_000);
      expect(told).toEqual([]);
    }
  });

  it("F2 reports a change that happened before the call", async () => {
    const { directory, source, told, wait } = await aspired();
    directory.write("1/model", "longer");
    await pass(source, 5_000);
    void wait();
    await source.poll();
    await pass(source, 1_000);
    expect(told).toEqual(["changed"]);
  });

  it("F2 waits until the platform has all files", async () => {
    let answer: Completeness = COMPLETE;
    const { directory, source, told, wait } = await aspired(async () => answer);
    void wait();
    answer = incomplete("variables is missing");
    directory.remove("1/model");
    directory.write("1/other");
    await source.poll();
    await pass(source, 20_000);
    expect(told).toEqual([]);
    answer = COMPLETE;
    directory.write("1/model");
    await source.poll();
    await pass(source, 1_000);
    expect(told).toEqual(["changed"]);
  });

  it("rejects with the signal's reason, and stops polling", async () => {
    const { told, wait } = await aspired();
    const controller = new AbortController();
    const waiting = wait(controller.signal);
    controller.abort("enough");
    await waiting;
    await wait(controller.signal);
    expect(told).toEqual(["enough", "enough"]);
  });

  it("continues across a reconfiguration", async () => {
    const { directory, source, told, wait } = await aspired();
    void wait();
    void source.reconfigure([{ name: "m", basePath: directory.path }]);
    directory.write("1/model", "longer");
    await source.poll();
    await pass(source, 1_000);
    expect(told).toEqual(["changed"]);
  });
});
