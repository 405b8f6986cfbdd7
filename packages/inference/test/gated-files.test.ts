import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storageGates } from "@serving-kit/core";
import { deferred, turn } from "@serving-kit/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { gatedFiles, openFile, readFileOf, readWholeFile } from "../src/index.js";

const folder = mkdtempSync(join(tmpdir(), "serving-kit-files-"));
const file = join(folder, "model");
beforeAll(() => writeFileSync(file, "weights"));
afterAll(() => rmSync(folder, { recursive: true }));

const reads: Record<string, () => Promise<unknown>> = {
  "gatedFiles.stat": async () => (await gatedFiles.stat(file)).size,
  "gatedFiles.readdir": () => gatedFiles.readdir(folder),
  openFile: async () => (await openFile(file)).close(),
  readFileOf: async () => (await readFileOf(file)).toString(),
  readWholeFile: async () => Buffer.from(await readWholeFile(file)).toString(),
};

it.each(Object.entries(reads))("%s waits while the storage of its path hangs", async (_, read) => {
  using _storage = storageGates.declare(folder, "test");
  const hanging = deferred<void>();
  void storageGates.run(join(folder, "other"), () => hanging.promise);
  let isRead = false;
  const reading = read().then((value) => {
    isRead = true;
    return value;
  });
  // As long as a read of the same file that goes through no gate.
  await readFileOf("/proc/self/stat").catch(() => {});
  for (let turns = 0; turns < 100; turns++) await turn();
  expect(isRead).toBe(false);
  hanging.resolve();
  expect([7, "weights", undefined, ["model"]]).toContainEqual(await reading);
});

it("readWholeFile leaves the line when its signal aborts", async () => {
  using _storage = storageGates.declare(folder, "test");
  const hanging = deferred<void>();
  void storageGates.run(folder, () => hanging.promise);
  const controller = new AbortController();
  const reading = readWholeFile(file, controller.signal);
  controller.abort(new Error("no longer aspired"));
  await expect(reading).rejects.toThrow("no longer aspired");
  hanging.resolve();
});
