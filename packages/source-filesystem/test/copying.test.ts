import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { AspiredVersions, StoragePath } from "@serving-kit/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FilesystemSource, filesystemSource } from "../src/index.js";
import { TemporaryDirectory } from "./temporary-directory.js";

const run = promisify(execFile);
const SAVED_MODEL = resolve(import.meta.dirname, "../../../examples/models/digits/savedmodel/1");
const SETTLE_MS = 150;

/** The digits SavedModel, made large enough that copying it takes a while. */
function makeModel(directory: TemporaryDirectory): string {
  const model = directory.at("model");
  cpSync(SAVED_MODEL, model, { recursive: true });
  for (let shard = 0; shard < 3; shard++) {
    mkdirSync(join(model, "assets"), { recursive: true });
    writeFileSync(join(model, `assets/words-${shard}.bin`), Buffer.alloc(20e6, shard + 1));
  }
  return model;
}

function filesBelow(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)))
    .sort();
}

/** A hash over the names and contents of everything below a path. */
function digest(path: string): string {
  const hash = createHash("sha256");
  for (const file of filesBelow(path))
    hash.update(`${file}\0`).update(readFileSync(join(path, file)));
  return hash.digest("hex");
}

function has(command: string): boolean {
  try {
    execFileSync(command, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const isOtherFileSystem = () =>
  existsSync("/dev/shm") && statSync("/dev/shm").dev !== statSync(resolve("/tmp")).dev;

/** Writes a copy as a program does that receives it slowly: file by file, in pieces. */
async function writeSlowly(from: string, to: string): Promise<void> {
  for (const file of filesBelow(from)) {
    const content = readFileSync(join(from, file));
    mkdirSync(dirname(join(to, file)), { recursive: true });
    const handle = await open(join(to, file), "w");
    const piece = Math.max(1, Math.ceil(content.length / 4));
    for (let offset = 0; offset < content.length; offset += piece) {
      await handle.write(content.subarray(offset, offset + piece));
      await sleep(SETTLE_MS / 10);
    }
    await handle.close();
  }
}

let directory: TemporaryDirectory;
let elsewhere: TemporaryDirectory;
let model: string;
beforeEach(() => {
  directory = new TemporaryDirectory();
  elsewhere = new TemporaryDirectory(isOtherFileSystem() ? "/dev/shm" : undefined);
  model = makeModel(directory);
});
afterEach(() => {
  directory[Symbol.dispose]();
  elsewhere[Symbol.dispose]();
});

/** Serves version 1, publishes version 2 by a copy, and resolves when version 2 is aspired. */
async function publish(copy: (from: string, to: string) => Promise<unknown>) {
  directory.write("base/1/model");
  const source: FilesystemSource = filesystemSource({
    servables: [{ name: "m", basePath: directory.at("base") }],
    pollIntervalMs: 5,
    settleMs: SETTLE_MS,
  });
  const whole = digest(model);
  const incomplete = new Set<string>();
  source.events.subscribe(({ problem }) => {
    if (problem.version === 2n) incomplete.add(problem.error.message);
  });
  let isCopied = false;
  const seen: { version: bigint | undefined; isWhole: boolean; wasCopied: boolean }[] = [];
  const aspired = new Promise<void>((resolve) => {
    const subscription = source.subscribe(({ versions }: AspiredVersions<StoragePath>) => {
      const [newest] = versions;
      const version = newest?.id.version;
      const path = newest && "data" in newest ? newest.data.path : "";
      seen.push({ version, isWhole: digest(path) === whole, wasCopied: isCopied });
      if (version !== 2n) return;
      subscription.unsubscribe();
      resolve();
    });
  });
  while (seen.length === 0) await sleep(5);
  await copy(model, directory.at("base/2"));
  isCopied = true;
  await aspired;
  return { seen, incomplete };
}

const ONLY_WHOLE = [
  { version: 1n, isWhole: false, wasCopied: false },
  { version: 2n, isWhole: true, wasCopied: true },
];

describe("a version that is being copied in is never aspired half", () => {
  it("by cp -r", async () => {
    const { seen, incomplete } = await publish((from, to) => run("cp", ["-r", from, to]));
    expect(seen).toEqual(ONLY_WHOLE);
    expect(incomplete.size).toBeGreaterThan(0);
  });

  it("by cp -p -r, which sets times back", async () => {
    const { seen, incomplete } = await publish((from, to) => run("cp", ["-p", "-r", from, to]));
    expect(seen).toEqual(ONLY_WHOLE);
    expect(incomplete.size).toBeGreaterThan(0);
  });

  it("by a program that writes file by file in pieces", async () => {
    const { seen, incomplete } = await publish(writeSlowly);
    expect(seen).toEqual(ONLY_WHOLE);
    expect(incomplete.size).toBeGreaterThan(0);
  });

  it.skipIf(!has("rsync"))("by rsync -a (skipped where rsync is not installed)", async () => {
    const { seen, incomplete } = await publish((from, to) =>
      run("rsync", ["-a", "--bwlimit=40m", `${from}/`, `${to}/`]),
    );
    expect(seen).toEqual(ONLY_WHOLE);
    expect(incomplete.size).toBeGreaterThan(0);
  });

  it.skipIf(!isOtherFileSystem())(
    "by mv from another file system (skipped where /dev/shm is not one)",
    async () => {
      const { seen, incomplete } = await publish(async (from, to) => {
        await run("cp", ["-r", from, elsewhere.at("2")]);
        await run("mv", [elsewhere.at("2"), to]);
      });
      expect(seen).toEqual(ONLY_WHOLE);
      expect(incomplete.size).toBeGreaterThan(0);
    },
  );
});

it("a version that is moved in by a rename is aspired immediately", async () => {
  await sleep(SETTLE_MS * 2);
  const { seen, incomplete } = await publish((from, to) => run("mv", [from, to]));
  expect(seen.map(({ version, isWhole }) => ({ version, isWhole }))).toEqual([
    { version: 1n, isWhole: false },
    { version: 2n, isWhole: true },
  ]);
  expect([...incomplete]).toEqual([]);
});
