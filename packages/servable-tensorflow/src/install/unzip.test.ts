import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { zip } from "../../test/zip.js";
import { listZip, unzip, type ZipEntry } from "./unzip.js";
import { wheelFor } from "./wheel.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(bytes: Uint8Array): Promise<string> {
  const path = join(folder, "archive.zip");
  await writeFile(path, bytes);
  return path;
}

const files = {
  "a/stored.txt": { content: "stored", method: 0 },
  "a/packed.txt": { content: "packed ".repeat(1_000), method: 8 },
};

describe("a zip archive", () => {
  it("is listed and unpacked, stored or deflated", async () => {
    const path = await write(zip(files));
    const entries = await listZip(path);
    expect(entries.map(({ name }) => name)).toEqual(Object.keys(files));
    for (const entry of entries) {
      const target = join(folder, "out");
      let bytes = 0;
      await unzip(path, entry, target, { onBytes: (count) => (bytes += count) });
      const { content } = files[entry.name as keyof typeof files];
      expect(await readFile(target, "utf8")).toBe(content);
      expect(bytes).toBe(content.length);
    }
  });

  it("is refused when it is cut off, or is none", async () => {
    const whole = zip(files);
    for (const bytes of [
      whole.subarray(0, whole.length - 1),
      Buffer.from("no zip"),
      Buffer.alloc(0),
    ]) {
      await expect(listZip(await write(bytes))).rejects.toThrow(/cut off/);
    }
  });

  it("is refused when a file in it is damaged or of another method", async () => {
    const bytes = zip(files);
    bytes.write("S", bytes.indexOf("stored", 40));
    const path = await write(bytes);
    const [stored] = (await listZip(path)) as [ZipEntry];
    await expect(unzip(path, stored, join(folder, "out"))).rejects.toThrow(/damaged|not where/);
    await expect(unzip(path, { ...stored, method: 12 }, join(folder, "out"))).rejects.toThrow(
      "is compressed by method 12",
    );
  });
});

describe("wheelFor", () => {
  it("knows the platforms whose package carries the library", () => {
    expect(wheelFor("linux-x64")?.package).toBe("tensorflow-cpu");
    expect(wheelFor("linux-arm64")?.libraries).toContain("libtensorflow_cc.so.2");
    expect(wheelFor("sunos-x64")).toBeUndefined();
    expect(wheelFor("toString")).toBeUndefined();
  });
});
