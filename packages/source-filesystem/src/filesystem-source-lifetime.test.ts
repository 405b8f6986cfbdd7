import { mapVersions, storageGates } from "@serving-kit/core";
import { type Deferred, deferred, RecordingTarget, turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { brief, useBench } from "../test/observe.js";
import { type FileSystem, nodeFileSystem } from "./file-system.js";
import { filesystemSource } from "./filesystem-source.js";
import { all } from "./index.js";

const bench = useBench();

/** The file system of the process, with a count of what it was asked and paths that do not answer. */
function observedFileSystem() {
  const asked: string[] = [];
  const hanging = new Set<string>();
  const ask = <T>(path: string, answer: (path: string) => Promise<T>): Promise<T> => {
    asked.push(path);
    return hanging.has(path) ? new Promise(() => {}) : answer(path);
  };
  const fileSystem: FileSystem = {
    stat: (path) => ask(path, nodeFileSystem.stat),
    list: (path) => ask(path, nodeFileSystem.list),
  };
  return { fileSystem, asked, hanging };
}

/** A file system in memory, of directories by path, that answers without I/O, and what it was asked. */
function memoryFileSystem(directories: Map<string, string[]>) {
  const listed: string[] = [];
  const times = { mtimeMs: 0, ctimeMs: 0, ino: 0, dev: 0 };
  const fileSystem: FileSystem = {
    stat: async (path) => ({ ...times, size: 1, isDirectory: () => directories.has(path) }),
    list: async (path) => {
      listed.push(path);
      return directories.get(path) ?? [];
    },
  };
  return { fileSystem, listed };
}

/** Lets real I/O and promise chains go on until the condition holds. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

describe("polling", () => {
  it("polls each base path once every pollIntervalMs", async () => {
    const directories = new Map([
      ["/m", ["1"]],
      ["/m/1", ["model"]],
      ["/m/2", ["model"]],
    ]);
    const { fileSystem, listed } = memoryFileSystem(directories);
    const { lists } = await bench.observe({
      fileSystem,
      servable: { basePath: "/m" },
      pollIntervalMs: 500,
    });
    listed.length = 0;
    for (let poll = 1; poll <= 3; poll++) {
      await bench.clock.advance(499);
      expect(listed.length).toBe(poll - 1);
      await bench.clock.advance(1);
      expect(listed.length).toBe(poll);
    }
    expect(new Set(listed)).toEqual(new Set(["/m"]));
    directories.set("/m", ["1", "2"]);
    await bench.clock.advance(500);
    expect(lists()).toEqual([
      ["m", 1n],
      ["m", 2n],
    ]);
  });

  it("polls once with a pollIntervalMs of 0, and then only versions that were incomplete", async () => {
    bench.directory.write("1/model");
    const { lists } = await bench.observe({
      pollIntervalMs: 0,
      settleMs: 1000,
      wallTimeMs: () => 0,
    });
    expect(lists()).toEqual([]);
    await bench.clock.advance(1000);
    await until(() => lists().length === 1);
    expect(lists()).toEqual([["m", 1n]]);
    expect(bench.clock.pending).toBe(0);
  });

  it("without polling, checks a version that never becomes complete less and less often", async () => {
    const directories = new Map<string, string[]>([
      ["/m", ["1"]],
      ["/m/1", []],
    ]);
    const { fileSystem, listed } = memoryFileSystem(directories);
    await bench.observe({
      ...{ fileSystem, servable: { basePath: "/m" } },
      ...{ settleMs: 1000, pollIntervalMs: 0 },
    });
    const looksWithin = async (seconds: number) => {
      listed.length = 0;
      await bench.clock.advance(seconds * 1000);
      return listed.filter((path) => path === "/m/1").length;
    };
    expect(await looksWithin(4)).toBe(4);
    await looksWithin(176);
    expect(await looksWithin(60)).toBe(2);
  });

  it("F5 continues with other paths while one hangs, reports it, and resumes it later", async () => {
    const { fileSystem, asked, hanging } = observedFileSystem();
    const { directory, clock } = bench;
    for (const name of ["a", "b", "c"]) directory.write(`${name}/1/model`);
    const { source, lists, told } = await bench.observe({
      fileSystem,
      pollIntervalMs: 1000,
      servables: ["a", "b", "c"].map((name) => ({ name, basePath: directory.at(name) })),
    });
    hanging.add(directory.at("a"));
    asked.length = 0;
    directory.write("b/2/model");
    await clock.advance(1000);
    await until(() => lists().length === 4);
    directory.write("c/2/model");
    await clock.advance(1000);
    await until(() => lists().length === 5);
    await clock.advance(4000);
    expect(asked.filter((path) => path === directory.at("a")).length).toBe(1);
    expect(told()).toEqual(["BASE_PATH_HANGS"]);
    directory.write("b/3/model");
    await source.poll();
    expect(lists().slice(3)).toEqual([
      ["b", 2n],
      ["c", 2n],
      ["b", 3n],
    ]);
  });
});

describe("a network file system", () => {
  /** Directories in memory: those below `/nfs` are on a network file system. */
  function networkFileSystem() {
    const directories = new Map<string, string[]>();
    for (const base of ["/nfs/a", "/nfs/b", "/nfs/c", "/local/d"]) {
      directories.set(base, ["1"]).set(`${base}/1`, ["model"]);
    }
    const { fileSystem, listed } = memoryFileSystem(directories);
    let inCall = 0;
    let mostInCall = 0;
    let hung: Deferred<void> | undefined;
    const call = async <T>(path: string, answer: (path: string) => Promise<T>): Promise<T> => {
      if (!path.startsWith("/nfs")) return answer(path);
      mostInCall = Math.max(mostInCall, ++inCall);
      await hung?.promise;
      inCall--;
      return answer(path);
    };
    const network: FileSystem = {
      stat: (path) => call(path, fileSystem.stat),
      list: (path) => call(path, fileSystem.list),
      networkOf: (path) => (path.startsWith("/nfs") ? "server" : undefined),
    };
    return {
      ...{ fileSystem: network, directories, listed },
      hang: () => {
        hung = deferred();
      },
      answer: () => {
        hung?.resolve();
        hung = undefined;
      },
      calls: () => ({ now: inCall, most: mostInCall }),
    };
  }

  const servables = ["/nfs/a", "/nfs/b", "/nfs/c", "/local/d"].map((basePath) => ({
    name: basePath.slice(-1),
    basePath,
  }));

  it("F5 makes one file system call at a time per path, and does not block other paths if it hangs", async () => {
    const { fileSystem, directories, hang, answer, calls } = networkFileSystem();
    const { lists } = await bench.observe({ fileSystem, servables, pollIntervalMs: 1000 });
    expect(lists()).toHaveLength(4);
    expect(calls()).toEqual({ now: 0, most: 1 });
    hang();
    directories.set("/local/d", ["1", "2"]).set("/local/d/2", ["model"]);
    const read = storageGates.run("/nfs/a/1/model", () => fileSystem.stat("/nfs/a/1"));
    await bench.clock.advance(10_000);
    expect(lists().slice(4)).toEqual([["d", 2n]]);
    expect(calls()).toEqual({ now: 1, most: 1 });
    directories.set("/nfs/b", ["1", "2"]).set("/nfs/b/2", ["model"]);
    answer();
    await read;
    await bench.clock.advance(1000);
    expect(lists().slice(5)).toEqual([["b", 2n]]);
    expect(calls()).toEqual({ now: 0, most: 1 });
  });

  it("F5 does not block other paths if one hangs from the start", async () => {
    const { fileSystem, hang, answer, calls } = networkFileSystem();
    hang();
    const observing = bench.observe({ fileSystem, servables, pollIntervalMs: 1000 });
    await bench.clock.advance(5_000);
    const { lists, told } = await observing;
    expect(lists()).toEqual([["d", 1n]]);
    expect(calls()).toEqual({ now: 1, most: 1 });
    expect(told()).toContain("BASE_PATH_HANGS");
    answer();
    await bench.clock.advance(5_000);
    expect(lists()).toHaveLength(4);
  });
});

describe("thousands of servables", () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ name: `m${i}`, basePath: `/missing/m${i}` }));

  it("are added in slices, and a poll waits for all of them", async () => {
    const { fileSystem } = memoryFileSystem(new Map());
    const { source, lists } = await bench.observe({ fileSystem, servables: [] });
    void source.reconfigure(many(10_000));
    let hasTurned = false;
    setImmediate(() => {
      hasTurned = true;
    });
    await source.poll();
    expect(hasTurned).toBe(true);
    expect(lists()).toHaveLength(10_000);
    expect(source.problems()).toHaveLength(10_000);
  });

  it("are withdrawn in slices, and the promise of reconfigure waits for all of them", async () => {
    const { fileSystem } = memoryFileSystem(new Map());
    const { source, lists } = await bench.observe({ fileSystem, servables: many(10_000) });
    await source.poll();
    expect(lists()).toHaveLength(10_000);
    const reconfigured = source.reconfigure([]);
    expect(lists().length).toBeLessThan(20_000);
    await reconfigured;
    expect(lists()).toHaveLength(20_000);
    expect(source.problems()).toEqual([]);
  });

  it("can be replaced while they are added", async () => {
    const { fileSystem } = memoryFileSystem(new Map());
    const { source } = await bench.observe({ fileSystem, servables: [] });
    void source.reconfigure(many(10_000));
    void source.reconfigure(many(600).slice(500));
    await source.poll();
    expect(source.problems().map(({ name }) => name)).toEqual(
      many(600)
        .slice(500)
        .map(({ name }) => name),
    );
  });
});

describe("subscriptions", () => {
  it("O1 does no work before a subscription, even in poll", async () => {
    const { fileSystem, asked } = observedFileSystem();
    const source = filesystemSource({
      servables: [{ name: "m", basePath: bench.directory.path }],
      fileSystem,
      clock: bench.clock,
    });
    await source.poll();
    void source.reconfigure([{ name: "n", basePath: bench.directory.path }]);
    await bench.clock.advance(5000);
    expect(asked).toEqual([]);
    expect(source.problems()).toEqual([]);
  });

  it("O7 emits nothing after unsubscribing, even from a poll in progress", async () => {
    bench.directory.write("1/model");
    const answers = deferred();
    const list = async (path: string) => {
      await answers.promise;
      return nodeFileSystem.list(path);
    };
    const source = filesystemSource({
      servables: [{ name: "m", basePath: bench.directory.path }],
      fileSystem: { stat: nodeFileSystem.stat, list },
      watch: false,
      clock: bench.clock,
    });
    const target = new RecordingTarget(source);
    const polled = source.poll();
    target[Symbol.dispose]();
    await polled;
    answers.resolve();
    for (let io = 0; io < 50; io++) await turn();
    expect(target.emissions).toEqual([]);
    expect(bench.clock.pending).toBe(0);
  });

  it("O7 holds no timer after unsubscribing while a rule has not answered", async () => {
    bench.directory.write("1/model");
    const asked = deferred();
    const isComplete = () => {
      asked.resolve();
      return new Promise<never>(() => {});
    };
    const source = filesystemSource({
      servables: [{ name: "m", basePath: bench.directory.path, isComplete }],
      settleMs: 0,
      watch: false,
      clock: bench.clock,
    });
    const target = new RecordingTarget(source);
    await asked.promise;
    target[Symbol.dispose]();
    expect(bench.clock.pending).toBe(0);
  });

  it("pipes through adapters as any stream does", async () => {
    bench.directory.write("1/model", "123");
    const source = filesystemSource({
      servables: [{ name: "m", basePath: bench.directory.path }],
      settleMs: 0,
      watch: false,
      clock: bench.clock,
    });
    using target = new RecordingTarget(source.pipe(mapVersions(({ sizeBytes }) => sizeBytes)));
    expect(await target.next()).toEqual({
      name: "m",
      versions: [{ id: { name: "m", version: 1n }, data: 3, changed: expect.any(Function) }],
    });
  });

  it("F6 neither completes nor fails on any error", async () => {
    const fileSystem: FileSystem = {
      stat: () => Promise.reject(new Error("broken")),
      list: () => {
        throw new Error("broken at once");
      },
    };
    const { source, target } = await bench.observe({
      fileSystem,
      servables: [
        { name: "a", basePath: "/a" },
        {
          name: "b",
          basePath: "/b",
          accepts: () => {
            throw new Error("no");
          },
        },
      ],
    });
    void source.reconfigure([]);
    await bench.clock.advance(5000);
    expect(target.failure).toBeUndefined();
    expect(target.isCompleted).toBe(false);
  });

  it("O8 emits the current lists to a later subscriber, and shares polls", async () => {
    const { fileSystem, asked } = observedFileSystem();
    bench.directory.write("1/model");
    const { source, lists } = await bench.observe({ fileSystem });
    asked.length = 0;
    using late = new RecordingTarget(source);
    expect(late.emissions).toEqual([]);
    await turn();
    expect(late.emissions.map(brief)).toEqual([["m", 1n]]);
    expect(asked).toEqual([]);
    bench.directory.write("2/model");
    await source.poll();
    expect(late.emissions.map(brief)).toEqual([
      ["m", 1n],
      ["m", 2n],
    ]);
    expect(lists().length).toBe(2);
  });

  it("restarts for a subscriber that comes after the last one left", async () => {
    bench.directory.write("1/model");
    const { source, target } = await bench.observe();
    target[Symbol.dispose]();
    expect(bench.clock.pending).toBe(0);
    bench.directory.remove("1");
    bench.directory.write("2/model");
    using next = new RecordingTarget(source);
    await source.poll();
    expect(next.emissions.map(brief)).toEqual([["m", 2n]]);
  });
});

describe("reconfigure", () => {
  const at = (name: string) => ({ name, basePath: bench.directory.at(name) });

  it("withdraws removed names before it returns, and finds new ones immediately", async () => {
    for (const name of ["a", "b", "c"]) bench.directory.write(`${name}/1/model`);
    const { source, lists } = await bench.observe({ servables: [at("a"), at("b")] });
    void source.reconfigure([at("b"), at("c")]);
    expect(lists().slice(2)).toEqual([["a"]]);
    await source.poll();
    expect(lists().slice(2)).toEqual([["a"], ["c", 1n]]);
  });

  it("keeps the list of a servable until its new base path can be read", async () => {
    bench.directory.write("a/1/model");
    const { source, lists, told } = await bench.observe({ servables: [at("a")] });
    void source.reconfigure([{ name: "a", basePath: bench.directory.at("moved") }]);
    await source.poll();
    expect(lists()).toEqual([["a", 1n]]);
    bench.directory.rename("a", "moved");
    await source.poll();
    expect(lists().length).toBe(2);
    expect(told()).toEqual(["BASE_PATH_UNREACHABLE", "-BASE_PATH_UNREACHABLE"]);
  });

  it("applies a new policy without checking the files of aspired versions", async () => {
    const { fileSystem, asked } = observedFileSystem();
    bench.directory.write("a/1/model");
    bench.directory.write("a/2/model");
    const { source, lists } = await bench.observe({ servables: [at("a")], fileSystem });
    asked.length = 0;
    void source.reconfigure([{ ...at("a"), versionPolicy: all() }]);
    await source.poll();
    expect(lists()).toEqual([
      ["a", 2n],
      ["a", 2n, 1n],
    ]);
    expect(asked).not.toContain(bench.directory.at("a/2"));
  });

  it("does not make files settle again", async () => {
    const { clock, directory } = bench;
    directory.write("a/1/model");
    const { source, lists } = await bench.observe({
      servables: [at("a")],
      settleMs: 1000,
      wallTimeMs: () => 0,
    });
    await clock.advance(600);
    void source.reconfigure([at("a")]);
    await source.poll();
    await clock.advance(400);
    await source.poll();
    expect(lists()).toEqual([["a", 1n]]);
  });

  it("ends the problems of names that are gone", async () => {
    const { source, told } = await bench.observe({ servables: [at("a"), at("b")] });
    void source.reconfigure([at("b")]);
    expect(told()).toEqual([
      "BASE_PATH_UNREACHABLE",
      "BASE_PATH_UNREACHABLE",
      "-BASE_PATH_UNREACHABLE",
    ]);
    expect(source.problems().map(({ name }) => name)).toEqual(["b"]);
  });

  it("changes nothing when the new servables are rejected", async () => {
    bench.directory.write("a/1/model");
    const { source, lists } = await bench.observe({ servables: [at("a")] });
    expect(() => source.reconfigure([at("b"), at("b")])).toThrow(TypeError);
    bench.directory.write("a/2/model");
    await source.poll();
    expect(lists()).toEqual([
      ["a", 1n],
      ["a", 2n],
    ]);
  });

  it("applies to later subscribers", async () => {
    bench.directory.write("b/1/model");
    const { source, target } = await bench.observe({ servables: [at("a")] });
    target[Symbol.dispose]();
    void source.reconfigure([at("b")]);
    using next = new RecordingTarget(source);
    await source.poll();
    expect(next.emissions.map(brief)).toEqual([["b", 1n]]);
  });
});
