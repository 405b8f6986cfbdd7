import { symlinkSync } from "node:fs";
import type { AspiredVersions, StoragePath } from "@serving-kit/core";
import { FakeClock, RecordingTarget } from "@serving-kit/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TemporaryDirectory } from "../test/temporary-directory.js";
import type { FilesystemSourceOptions } from "./config.js";
import { filesystemSource } from "./filesystem-source.js";
import { all, latest, specific } from "./servable-version-policy.js";

let directory: TemporaryDirectory;
let clock: FakeClock;
const subscriptions: Disposable[] = [];

beforeEach(() => {
  directory = new TemporaryDirectory();
  clock = new FakeClock();
});
afterEach(() => {
  for (const subscription of subscriptions.splice(0)) subscription[Symbol.dispose]();
  directory[Symbol.dispose]();
  expect(clock.pending).toBe(0);
});

/** A source over the directory that takes files as they are, observed, and looked at once. */
async function observe(options: Partial<FilesystemSourceOptions> = {}) {
  const source = filesystemSource({
    servables: [{ name: "m", basePath: directory.path }],
    watch: false,
    settleMs: 0,
    clock,
    ...options,
  });
  const target = new RecordingTarget(source);
  subscriptions.push(target);
  await source.poll();
  return { source, target };
}

function brief({ name, versions }: AspiredVersions<StoragePath>) {
  return [
    name,
    ...versions.map((version) => ("error" in version ? version.error.reason : version.id.version)),
  ];
}

describe("versions", () => {
  it("F1 emits the newest version with its absolute path and the size of its files", async () => {
    directory.write("1/model.tflite");
    directory.write("2/model.tflite", "12345");
    directory.write("2/assets/words.txt", "1234567");
    const { target } = await observe();
    expect(target.emissions).toEqual([
      {
        name: "m",
        versions: [
          { id: { name: "m", version: 2n }, data: { path: directory.at("2"), sizeBytes: 12 } },
        ],
      },
    ]);
  });

  it("F1 emits again when the list changed and not otherwise", async () => {
    directory.write("1/model");
    const { source, target } = await observe({
      servables: [{ name: "m", basePath: directory.path, versionPolicy: all() }],
    });
    await source.poll();
    directory.write("notes.txt");
    await source.poll();
    directory.write("3/model");
    directory.write("02/model");
    await source.poll();
    await source.poll();
    directory.rename("1", "4");
    await source.poll();
    directory.remove("3");
    await source.poll();
    expect(target.emissions.map(brief)).toEqual([
      ["m", 1n],
      ["m", 3n, 2n, 1n],
      ["m", 4n, 3n, 2n],
      ["m", 4n, 2n],
    ]);
  });
  void symlinkSync;
  void latest;
  void specific;
});
