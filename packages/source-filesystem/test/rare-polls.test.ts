import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock } from "@serving-kit/testing";
import { afterEach, expect, it, vi } from "vitest";
import type { FileSystem } from "../src/file-system.js";
import { filesystemSource } from "../src/filesystem-source.js";
import { Mounts } from "../src/mounts.js";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A source of a folder with a version, after it is watched; `polled` advances by seconds and counts listings. */
async function observed(
  options: { readonly pollIntervalMs?: number; readonly isLocal?: boolean } = {},
) {
  const basePath = mkdtempSync(join(tmpdir(), "rare-polls-"));
  folders.push(basePath);
  mkdirSync(join(basePath, "1"));
  writeFileSync(join(basePath, "1", "model"), "model");
  const { isLocal = true, ...rest } = options;
  const clock = new FakeClock();
  let listings = 0;
  // Answers within a turn of the event loop, so that a poll is over when the clock has advanced.
  const fileSystem: FileSystem = {
    stat: async (path) => statSync(path),
    list: async (path) => {
      if (path === basePath) listings++;
      return readdirSync(path);
    },
    reportsChanges: () => isLocal,
  };
  const versions: string[] = [];
  const source = filesystemSource({
    servables: [{ name: "m", basePath }],
    ...{ clock, fileSystem, settleMs: 0 },
    ...rest,
  });
  const subscription = source.subscribe((list) =>
    versions.push(list.versions.map(({ id }) => id.version).join()),
  );
  await vi.waitFor(() => expect(versions).toEqual(["1"]), 20_000);
  const polled = async (seconds: number) => {
    const before = listings;
    for (let i = 0; i < seconds; i++) {
      await clock.advance(1_000);
      await new Promise(setImmediate);
    }
    return listings - before;
  };
  return { basePath, clock, versions, polled, stop: () => subscription.unsubscribe() };
}

it("polls a watched base path of a local file system every twentieth time", async () => {
  const { polled, stop } = await observed();
  // The watch is ready at some time.
  await vi.waitFor(async () => expect(await polled(1)).toBe(0), 20_000);
  expect(await polled(40)).toBe(2);
  stop();
});

it("polls each time if the file system does not report changes, or an interval is given", async () => {
  const remote = await observed({ isLocal: false });
  // A watch that becomes ready meanwhile is one look more.
  expect(await remote.polled(10)).toBeGreaterThanOrEqual(10);
  remote.stop();
  const explicit = await observed({ pollIntervalMs: 1_000 });
  expect(await explicit.polled(10)).toBeGreaterThanOrEqual(10);
  explicit.stop();
});

it("sees a new version by the watch", async () => {
  const { basePath, clock, versions, stop } = await observed();
  mkdirSync(join(basePath, "2"));
  writeFileSync(join(basePath, "2", "model"), "model");
  await vi.waitFor(async () => {
    await clock.advance(20);
    expect(versions.at(-1)).toBe("2");
  }, 20_000);
  stop();
});

it("knows local file systems by their type", () => {
  const mounts = new Mounts(
    "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n36 35 0:98 / /mnt/models rw - nfs4 host:/m rw\n",
  );
  expect(mounts.isLocal("/models", undefined)).toBe(true);
  expect(mounts.isLocal("/mnt/models/digits", undefined)).toBe(false);
  expect(new Mounts("").isLocal("/models", undefined)).toBe(false);
});
