import { existsSync } from "node:fs";
import { COMPLETE, type StoragePath } from "@serving-kit/core";
import { FakeClock, type SourceWorld, sourceConformance } from "@serving-kit/testing";
import { describe, it } from "vitest";
import { all, filesystemSource } from "../src/index.js";
import { TemporaryDirectory } from "./temporary-directory.js";

/** A directory for two servables. A version with a file BROKEN in it is one that cannot be read. */
function createWorld(isPolling: boolean): SourceWorld<StoragePath> {
  const directory = new TemporaryDirectory();
  const clock = new FakeClock();
  const names = ["digits", "faces"];
  for (const name of names) directory.makeDirectory(name);
  const source = filesystemSource({
    servables: names.map((name) => ({
      name,
      basePath: directory.at(name),
      versionPolicy: all(),
      isComplete: async (path) => {
        if (existsSync(`${path}/BROKEN`)) throw new Error("broken");
        return COMPLETE;
      },
    })),
    settleMs: 0,
    watch: !isPolling,
    pollIntervalMs: isPolling ? 1000 : 0,
    ...(isPolling && { clock }),
  });
  let published = new Map<string, Set<bigint>>(names.map((name) => [name, new Set()]));
  const aspire = (name: string, versions: readonly bigint[]) => {
    const before = published.get(name) ?? new Set();
    directory.makeDirectory(name);
    // New ones first: a base path without any version for a moment is another list.
    for (const version of versions) {
      if (before.has(version)) continue;
      directory.write(`new/model`);
      directory.rename("new", `${name}/${version}`);
    }
    for (const version of before) {
      if (!versions.includes(version)) directory.remove(`${name}/${version}`);
    }
    published = new Map(published).set(name, new Set(versions));
  };
  return {
    source,
    names,
    aspire,
    lose: (name) => directory.remove(name),
    async breakVersion({ name, version }) {
      // What is aspired stays so whatever becomes of its files: it has to come back broken.
      directory.rename(`${name}/${version}`, "broken");
      await source.poll();
      directory.write("broken/BROKEN");
      directory.rename("broken", `${name}/${version}`);
    },
    ...(isPolling && { pass: () => clock.advance(1000), held: () => clock.pending }),
    async [Symbol.asyncDispose]() {
      directory[Symbol.dispose]();
    },
  };
}

sourceConformance(
  { describe, it },
  { name: "filesystemSource, polling", create: () => createWorld(true) },
);
sourceConformance(
  { describe, it },
  { name: "filesystemSource, watching", create: () => createWorld(false) },
);
