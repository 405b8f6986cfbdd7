import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock } from "@serving-kit/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ReadHandover } from "./read-handover.js";

let folder: string;
let reads = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serving-kit-handover-"));
  reads = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const keep = (handover: ReadHandover<string>, path: string) =>
  handover.readAndKeep(path, () => {
    reads++;
    return readFile(path, "utf8");
  });

it("hands out what was read, as often as it was read", async () => {
  const handover = new ReadHandover<string>();
  const path = file("m", "one");
  expect(await handover.take(path)).toBeUndefined();
  await keep(handover, path);
  await keep(handover, path);
  expect(reads).toBe(2);
  expect(await handover.take(join(folder, "other"))).toBeUndefined();
  expect([await handover.take(path), await handover.take(path)]).toEqual(["one", "one"]);
  expect(await handover.take(path)).toBeUndefined();
});

it("hands out nothing of a file that has changed, or is gone", async () => {
  const handover = new ReadHandover<string>();
  const path = file("m", "one");
  await keep(handover, path);
  writeFileSync(path, "two");
  utimesSync(path, 1, 1);
  expect(await handover.take(path)).toBeUndefined();
  await keep(handover, path);
  rmSync(path);
  expect(await handover.take(path)).toBeUndefined();
  file("m", "two");
  expect(await handover.take(path)).toBeUndefined();
});

it("keeps nothing of a read that failed", async () => {
  const handover = new ReadHandover<string>();
  const path = file("m", "one");
  const failing = handover.readAndKeep(path, () => Promise.reject(new Error("truncated")));
  await expect(failing).rejects.toThrow("truncated");
  expect(await handover.take(path)).toBeUndefined();
  await expect(keep(handover, join(folder, "gone"))).rejects.toThrow("ENOENT");
});

it("keeps the newest files up to its limit", async () => {
  const handover = new ReadHandover<string>(10);
  const paths = ["aaaa", "bbbb", "cccc"].map((text) => file(text, text));
  for (const path of paths) await keep(handover, path);
  await keep(handover, file("large", "x".repeat(11)));
  expect(await handover.take(paths[0] as string)).toBeUndefined();
  expect(await handover.take(paths[2] as string)).toBe("cccc");
  expect(await handover.take(paths[1] as string)).toBe("bbbb");
  expect(await handover.take(join(folder, "large"))).toBeUndefined();
  for (const path of paths) await keep(handover, path);
  expect(await handover.take(paths[1] as string), "what was taken counts no more").toBe("bbbb");
});

it("forgets after a minute what no load has taken, and sets no timer while it keeps nothing", async () => {
  const clock = new FakeClock();
  const handover = new ReadHandover<string>(undefined, clock);
  const [first, second] = [file("a", "first"), file("b", "second")];
  await keep(handover, first);
  await clock.advance(30_000);
  await keep(handover, second);
  await clock.advance(30_000);
  expect(await handover.take(first)).toBeUndefined();
  expect(await handover.take(second)).toBe("second");
  expect(clock.pending).toBe(0);
  await keep(handover, second);
  await clock.advance(60_000);
  expect(await handover.take(second)).toBeUndefined();
  expect(clock.pending).toBe(0);
});
