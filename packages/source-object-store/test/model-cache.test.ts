import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, statfs, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ServingError, silentLogger } from "@serving-kit/core";
import { FakeClock, turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { ModelCache } from "../src/cache/model-cache.js";
import { ownIdentity } from "../src/cache/process-identity.js";
import { FaultProxy } from "./fault-proxy.js";
import { fetchWorld, temporaries, whileTimePasses } from "./fetch-world.js";
import { S3_CREDENTIALS, S3Server } from "./s3-server.js";
import { temporaryDirectory } from "./temporary-directory.js";

const signal = new AbortController().signal;
const keyOf = (digit: number) => `${digit}`.repeat(64);

/** A version of `size` bytes to put into a cache. */
const wanted = (digit: number, size = 100) => ({
  ...{ key: keyOf(digit), uri: `s3://bucket/m/${digit}`, sizeBytes: size, signal },
  async fill(root: string) {
    await writeFile(join(root, "model.bin"), Buffer.alloc(size));
    return { root, sizeBytes: size };
  },
});

async function cacheWorld(maxBytes = 250) {
  const directory = await temporaryDirectory();
  const clock = new FakeClock(1_000_000);
  const dir = join(directory.path, "cache");
  const cacheOf = () => new ModelCache({ dir, maxBytes }, clock, silentLogger);
  const has = async () => {
    const names = await readdir(join(dir, "versions"));
    return names.map((name) => Number(name[0])).sort();
  };
  /** Writes a lease of another process. */
  const leaseOf = async (digit: number, owner: object, kind = "use") => {
    await mkdir(join(dir, "leases"), { recursive: true });
    const path = join(dir, "leases", `${keyOf(digit)}.${kind}.00000000000000aa`);
    await writeFile(path, JSON.stringify({ ...ownIdentity(), sizeBytes: 0, ...owner }));
    return path;
  };
  return { clock, dir, cache: cacheOf(), cacheOf, has, leaseOf, directory };
}

describe("eviction", () => {
  it("LC3 LC4 removes the least recently used version, and never one that is leased", async () => {
    const { cache, cacheOf, has, directory } = await cacheWorld();
    await using _ = directory;
    await using held = await cache.lease(wanted(1));
    await (await cache.lease(wanted(2)))[Symbol.asyncDispose]();
    await (await cache.lease(wanted(3)))[Symbol.asyncDispose]();
    expect(await has()).toEqual([1, 3]);
    const other = cacheOf();
    await using _four = await other.lease(wanted(4));
    expect(await has()).toEqual([1, 4]);
    await using _five = await other.lease(wanted(5));
    expect(await has(), "all are leased").toEqual([1, 4, 5]);
    await held[Symbol.asyncDispose]();
    await using _six = await other.lease(wanted(6));
    expect(await has()).toEqual([4, 5, 6]);
  });

  it.each<[string, object, number, boolean]>([
    ["a process that runs here", {}, 3_600_000, true],
    ["a process that is gone", { pid: 2 ** 22 - 1 }, 0, false],
    ["a process whose number another one has now", { startTime: "1" }, 0, false],
    ["another machine, touched just now", { host: "elsewhere" }, 0, true],
    ["another machine, not touched for a minute", { host: "elsewhere" }, 61_000, false],
    ["another container, touched just now", { pidNamespace: "pid:[1]" }, 0, true],
    ["another container, not touched for a minute", { pidNamespace: "pid:[1]" }, 61_000, false],
  ])("LC3 a lease of %s", async (_title, owner, agoMs, counts) => {
    const { cache, has, leaseOf, directory } = await cacheWorld(150);
    await using _ = directory;
    await (await cache.lease(wanted(1)))[Symbol.asyncDispose]();
    const path = await leaseOf(1, owner);
    const then = new Date(Date.now() - agoMs);
    await utimes(path, then, then);
    await using _two = await cache.lease(wanted(2));
    expect(await has()).toEqual(counts ? [1, 2] : [2]);
  });

  it("has leases touched every ten seconds, by the file system's clock", async () => {
    const { cache, clock, dir, directory } = await cacheWorld();
    await using _ = directory;
    await using _lease = await cache.lease(wanted(1));
    const [name = ""] = await readdir(join(dir, "leases"));
    const path = join(dir, "leases", name);
    await utimes(path, new Date(0), new Date(0));
    const { stat } = await import("node:fs/promises");
    await clock.advance(10_000);
    while ((await stat(path)).mtimeMs === 0) await turn();
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ pid: process.pid });
  });
});

describe("the limit", () => {
  it("LC4 defaults to half of the free space at the start, which is logged", async () => {
    await using directory = await temporaryDirectory();
    const lines: string[] = [];
    const logger = { ...silentLogger, info: (_: object, line: string) => lines.push(line) };
    const cache = new ModelCache({ dir: directory.path }, new FakeClock(), logger);
    expect(cache.maxBytes).toBeNaN();
    await using _lease = await cache.lease(wanted(1));
    const { bavail, bsize } = await statfs(directory.path);
    // Others write to the disk too.
    expect(cache.maxBytes / (bavail * bsize)).toBeCloseTo(0.5, 1);
    const text = `is limited to ${cache.maxBytes} bytes, half of the free space`;
    expect(lines).toEqual([expect.stringContaining(text)]);
  });
});

describe("a download", () => {
  it("LC2 is made once for all that want the version at the same time", async () => {
    await using world = await fetchWorld();
    world.store.put("digits/1/model.bin", "bytes");
    const remotes = [1, 2, 3].map(() => world.remoteIn(world.store, world.cacheOf()));
    const fetching = Promise.all(remotes.map((remote) => remote.fetch(signal)));
    const leases = await whileTimePasses(world.clock, fetching);
    expect(leases.filter(({ isHit }) => !isHit)).toHaveLength(1);
    for (const lease of leases) await lease[Symbol.asyncDispose]();
    expect(world.held()).toBe(0);
  });

  it("LC1 LC2 that fails is not a version, and leaves the way free for the next one, which waits for it", async () => {
    const { cache, cacheOf, clock, dir, directory } = await cacheWorld();
    await using _ = directory;
    let fail: ((error: Error) => void) | undefined;
    const failing = cache.lease({
      ...wanted(1),
      fill: () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    });
    failing.catch(() => {});
    while (fail === undefined) await turn();
    expect(temporaries(dir)).toHaveLength(1);
    expect(await cacheOf().has(keyOf(1)), "in the middle").toBe(false);
    const waiting = cacheOf().lease(wanted(1));
    fail(new ServingError("UNAVAILABLE", "STORE_UNAVAILABLE", "the store is down"));
    await expect(failing).rejects.toThrow("the store is down");
    await using lease = await whileTimePasses(clock, waiting);
    expect([lease.isHit, await cache.has(keyOf(1))]).toEqual([false, true]);
  });

  it("into a folder that cannot be made names the cache and what to do", async () => {
    await using directory = await temporaryDirectory();
    await writeFile(join(directory.path, "file"), "");
    const dir = join(directory.path, "file", "cache");
    const cache = new ModelCache({ dir }, new FakeClock(), silentLogger);
    await expect(cache.lease(wanted(1))).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "CACHE_UNWRITABLE",
      message: expect.stringMatching(new RegExp(`model cache ${dir} .*mount a volume there`)),
    });
  });

  it("into a file system that is read-only names the cache and what to do", async (context) => {
    await using directory = await temporaryDirectory();
    const parent = join(directory.path, "read-only");
    await mkdir(parent);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "ro", "tmpfs", parent], { stdio: "ignore" });
    } catch {
      return context.skip("a tmpfs cannot be mounted here");
    }
    try {
      const dir = join(parent, "models");
      const cache = new ModelCache({ dir }, new FakeClock(), silentLogger);
      await expect(cache.lease(wanted(1))).rejects.toMatchObject({
        reason: "CACHE_UNWRITABLE",
        message: expect.stringMatching(/EROFS: .*mount a volume there/),
      });
    } finally {
      execFileSync("umount", [parent]);
    }
  });

  it("LC4 onto a full disk is RESOURCE_EXHAUSTED and names the cache", async (context) => {
    await using directory = await temporaryDirectory();
    const dir = join(directory.path, "small");
    await mkdir(dir);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", dir], { stdio: "ignore" });
    } catch {
      return context.skip("a small tmpfs cannot be mounted here");
    }
    try {
      const cache = new ModelCache({ dir, maxBytes: 2 ** 30 }, new FakeClock(), silentLogger);
      await (await cache.lease(wanted(1, 600_000)))[Symbol.asyncDispose]();
      await using _two = await cache.lease(wanted(2, 600_000));
      const full = { code: "RESOURCE_EXHAUSTED", reason: "CACHE_FULL" };
      const message = expect.stringContaining(`the model cache ${dir} has no room`);
      await expect(cache.lease(wanted(3, 600_000))).rejects.toMatchObject({ ...full, message });
      // Of a size that is not known before.
      const unknown = { ...wanted(4, 600_000), sizeBytes: 0 };
      await expect(cache.lease(unknown)).rejects.toMatchObject({ ...full, message });
      expect(temporaries(dir)).toEqual([]);
    } finally {
      execFileSync("umount", [dir]);
    }
  });
});

describe("two processes on one cache", () => {
  const start = (dir: string, endpoint: string): ChildProcess => {
    const flags = ["--conditions=@serving-kit/source", "--import", "tsx"];
    const args = [...flags, join(import.meta.dirname, "cache-process.ts"), dir, "s3://bucket/m/1"];
    const env = { ...process.env, ...S3_CREDENTIALS, AWS_ENDPOINT_URL: endpoint };
    return spawn(process.execPath, args, { env, stdio: ["pipe", "pipe", "ignore"] });
  };
  const firstLine = async (child: ChildProcess) => {
    const [line] = await once(createInterface(child.stdout as NodeJS.ReadableStream), "line");
    return JSON.parse(line as string) as { isHit: boolean; path: string };
  };

  it("LC2 LC5 download once; one that is killed in the middle leaves nothing that stays", async () => {
    await using server = await S3Server.start();
    await using proxy = await FaultProxy.start(server.endpoint);
    await using directory = await temporaryDirectory();
    const dir = join(directory.path, "cache");
    server.put("m/1/model.bin", Buffer.alloc(100_000, "x"));
    proxy.faults.push("black-hole");
    const killed = start(dir, proxy.endpoint);
    while (temporaries(dir).length === 0 || proxy.faults.length > 0) await turn();
    const waiting = [start(dir, server.endpoint), start(dir, server.endpoint)];
    killed.kill("SIGKILL");
    await once(killed, "exit");
    const said = await Promise.all(waiting.map(firstLine));
    expect(said.map(({ isHit }) => isHit).sort()).toEqual([false, true]);
    expect(said[0]?.path).toBe(said[1]?.path);
    expect(await readFile(join(said[0]?.path ?? "", "model.bin"), "utf8")).toHaveLength(100_000);
    for (const child of waiting) child.stdin?.end();
    await Promise.all(waiting.map((child) => once(child, "exit")));
    // What the killed one left is removed by the next that opens the cache.
    const cache = new ModelCache({ dir }, new FakeClock(), silentLogger);
    await cache.existing(keyOf(9), signal);
    expect(temporaries(dir)).toEqual([]);
    expect(await readdir(join(dir, "leases"))).toEqual([]);
  }, 120_000);
});
