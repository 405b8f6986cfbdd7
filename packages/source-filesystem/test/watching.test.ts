import { symlinkSync } from "node:fs";
import { join } from "node:path";
import type { AspiredVersions, ServingError, StoragePath } from "@serving-kit/core";
import { RecordingTarget } from "@serving-kit/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FilesystemSourceOptions, filesystemSource } from "../src/index.js";
import { TemporaryDirectory } from "./temporary-directory.js";

let directory: TemporaryDirectory;
const subscriptions: Disposable[] = [];
beforeEach(() => {
  directory = new TemporaryDirectory();
});
afterEach(() => {
  for (const subscription of subscriptions.splice(0)) subscription[Symbol.dispose]();
  directory[Symbol.dispose]();
});

/** Watches only: what is found is found by the watch, or by trying a path again that was not there. */
function watchOnly(options: Partial<FilesystemSourceOptions> = {}) {
  const source = filesystemSource({
    servables: [{ name: "m", basePath: directory.at("base") }],
    pollIntervalMs: 0,
    settleMs: 0,
    ...options,
  });
  const target = new RecordingTarget(source);
  subscriptions.push(target);
  return { source, target };
}

const versions = (emission: AspiredVersions<StoragePath>) =>
  emission.versions.map(({ id }) => id.version);

describe("watching alone", () => {
  it("finds versions that come, go and are renamed", async () => {
    directory.write("base/1/model");
    const { target } = watchOnly();
    expect(versions(await target.next())).toEqual([1n]);
    directory.write("new/model");
    directory.rename("new", "base/2");
    expect(versions(await target.next())).toEqual([2n]);
    directory.rename("base/2", "base/3");
    expect(versions(await target.next())).toEqual([3n]);
    directory.remove("base/3");
    expect(versions(await target.next())).toEqual([1n]);
    directory.remove("base/1");
    expect(versions(await target.next())).toEqual([]);
  });

  it("finds a version that was written in place, once it is complete", async () => {
    directory.makeDirectory("base");
    const { target } = watchOnly({
      servables: [{ name: "m", basePath: directory.at("base"), readyMarker: "_READY" }],
    });
    expect(versions(await target.next())).toEqual([]);
    directory.write("base/1/model");
    directory.write("base/1/_READY");
    expect(versions(await target.next())).toEqual([1n]);
  });

  it("finds a base path that comes later, and one that was made again", async () => {
    const { target } = watchOnly();
    expect((await target.next()).error?.reason).toBe("BASE_PATH_UNREACHABLE");
    directory.write("base/1/model");
    expect(versions(await target.next())).toEqual([1n]);
    directory.rename("base", "old");
    directory.write("next/2/model");
    directory.rename("next", "base");
    expect(versions(await target.next())).toEqual([2n]);
    directory.write("base/3/model");
    expect(versions(await target.next())).toEqual([3n]);
  });

  it("finds an empty base path that was removed and made again", async () => {
    directory.makeDirectory("base");
    const { source, target } = watchOnly();
    const unreachable = new Promise<void>((resolve) =>
      source.events.subscribe(({ problem }) => {
        if (problem.error.reason === "BASE_PATH_UNREACHABLE") resolve();
      }),
    );
    expect(versions(await target.next())).toEqual([]);
    // The watch is set up a moment after the first look.
    directory.write("base/1/model");
    expect(versions(await target.next())).toEqual([1n]);
    directory.remove("base/1");
    expect(versions(await target.next())).toEqual([]);
    directory.remove("base");
    await unreachable;
    expect((await target.next()).error?.reason).toBe("BASE_PATH_UNREACHABLE");
    directory.write("base/2/model");
    expect(versions(await target.next())).toEqual([2n]);
  });

  it("watches through a link", async () => {
    directory.write("store/1/model");
    symlinkSync(directory.at("store"), directory.at("base"));
    const { target } = watchOnly();
    expect(versions(await target.next())).toEqual([1n]);
    directory.write("store/2/model");
    expect(versions(await target.next())).toEqual([2n]);
  });

  it("follows a new configuration", async () => {
    directory.write("base/1/model");
    directory.write("other/5/model");
    const { source, target } = watchOnly();
    expect(versions(await target.next())).toEqual([1n]);
    void source.reconfigure([{ name: "m", basePath: directory.at("other") }]);
    expect(versions(await target.next())).toEqual([5n]);
    directory.write("base/9/model");
    directory.write("other/6/model");
    expect(versions(await target.next())).toEqual([6n]);
  });
});

it("reports that a path cannot be watched, and polls on", async () => {
  // The file system in memory has a path that the real one, which is watched, does not allow.
  const basePath = `/${"x".repeat(300)}`;
  const names = new Map([
    [basePath, ["1"]],
    [join(basePath, "1"), ["model"]],
  ]);
  const stats = { size: 1, mtimeMs: 0, ctimeMs: 0, ino: 1, dev: 1 };
  const { source, target } = watchOnly({
    servables: [{ name: "m", basePath }],
    pollIntervalMs: 10,
    fileSystem: {
      stat: async (path) => ({ ...stats, isDirectory: () => names.has(path) }),
      list: async (path) => names.get(path) ?? [],
    },
  });
  const failure = new Promise<ServingError>((resolve) =>
    source.events.subscribe(({ problem }) => resolve(problem.error)),
  );
  expect(versions(await target.next())).toEqual([1n]);
  expect(await failure).toMatchObject({
    reason: "WATCH_FAILED",
    message: expect.stringMatching(/cannot be watched: ENAMETOOLONG.*found by polling only$/),
  });
  names.set(basePath, []);
  expect(versions(await target.next())).toEqual([]);
  expect(source.problems().map(({ error }) => error.reason)).toContain("WATCH_FAILED");
});
