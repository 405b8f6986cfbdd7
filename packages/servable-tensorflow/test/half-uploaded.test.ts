import { cp, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ManagerEvent } from "@serving-kit/core";
import { AspiredVersionsManager } from "@serving-kit/core";
import { type Predictor, tensor } from "@serving-kit/inference";
import { merge } from "rxjs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FilesystemSource, filesystemSource } from "../../source-filesystem/src/index.js";
import { tensorflow } from "../src/tensorflow.js";
import { digitsPath, skipReason } from "./zoo.js";

const SHARD = "variables/variables.data-00000-of-00001";
const request = { name: "digits" };

let folder: string;
const at = (path: string) => join(folder, path);

let source: FilesystemSource;
let manager: AspiredVersionsManager<Predictor>;
let events: ManagerEvent[];

beforeEach(async () => {
  if (skipReason) return;
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
  await cp(digitsPath, at("1"), { recursive: true });
  const platform = tensorflow();
  const servables = [{ name: "digits", basePath: folder, isComplete: platform.isComplete }];
  source = filesystemSource({ servables, settleMs: 50, pollIntervalMs: 20, watch: false });
  manager = AspiredVersionsManager.from(source.pipe(platform));
  events = [];
  manager.events.subscribe((event) => events.push(event));
  await manager.available(request);
});

afterEach(async () => {
  if (skipReason) return;
  await manager.close();
  await rm(folder, { recursive: true, force: true });
});

/** Resolves when `condition` holds after an event of the source or the manager. */
function until(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const told = merge(source.events, manager.events).subscribe(() => check());
    const check = () => {
      if (!condition()) return;
      told.unsubscribe();
      resolve();
    };
    check();
  });
}

const problem = () => source.problems()[0]?.error.message ?? "";

async function answers(): Promise<bigint> {
  using handle = manager.acquire(request);
  const image = tensor("float32", [1, 64], new Float32Array(64));
  expect((await handle.servable.predict({ image })).probabilities?.shape).toEqual([1, 10]);
  return handle.id.version;
}

describe.skipIf(skipReason)(`a SavedModel that is uploaded part by part${skipReason}`, () => {
  it("leaves the version before it serving until all that its file needs is there", async () => {
    await cp(digitsPath, at("part"), { recursive: true });
    await rename(at("part/variables"), at("later"));
    await rename(at("part"), at("2"));
    await until(() => problem().includes("variables/variables.index is missing"));
    expect(await answers()).toBe(1n);
    const shard = await readFile(at("later/variables.data-00000-of-00001"));
    await writeFile(at("later/variables.data-00000-of-00001"), shard.subarray(100));
    await rename(at("later"), at("2/variables"));
    await until(() => problem().includes(` has ${shard.length - 100} of ${shard.length} bytes`));
    expect(await answers()).toBe(1n);
    await writeFile(at(`2/${SHARD}`), shard);
    await manager.available({ ...request, version: 2 });
    expect(await answers()).toBe(2n);
  });

  it("is loaded again when its files have changed, not only after the retry delay", async () => {
    await cp(digitsPath, at("part"), { recursive: true });
    const shard = await readFile(at(`part/${SHARD}`));
    // As long as it must be, but its contents do not have the checksums of the index.
    await writeFile(
      at(`part/${SHARD}`),
      shard.map((byte) => byte ^ 0xff),
    );
    await rename(at("part"), at("2"));
    const attempt = () => manager.states("digits").find(({ id }) => id.version === 2n);
    await until(() => attempt()?.waitingFor === "retry");
    expect(attempt()?.error).toMatchObject({ code: "DATA_LOSS" });
    expect(await answers()).toBe(1n);
    await writeFile(at(`2/${SHARD}`), shard);
    await manager.available({ ...request, version: 2 });
    expect(await answers()).toBe(2n);
  });
});
