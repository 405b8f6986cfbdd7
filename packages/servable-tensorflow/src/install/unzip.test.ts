import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listZip, unzip, type ZipEntry } from "./unzip.js";
import { wheelFor } from "./wheel.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** A zip archive as APPNOTE says. */
function zip(files: Record<string, { content: string; method: number }>): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, { content, method }] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const packed = method === 8 ? deflateRawSync(bytes) : bytes;
    const header = Buffer.alloc(30 + 4);
    header.writeUInt32LE(0x04034b50);
    header.writeUInt16LE(name.length, 26);
    header.writeUInt16LE(4, 28);
    const local = Buffer.concat([
      header.subarray(0, 30),
      Buffer.from(name),
      Buffer.alloc(4),
      packed,
    ]);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(crc32(bytes), 16);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(bytes.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt16LE(3, 30);
    entry.writeUInt16LE(2, 32);
    entry.writeUInt32LE(offset, 42);
    central.push(Buffer.concat([entry, Buffer.from(name), Buffer.alloc(5)]));
    locals.push(local);
    offset += local.length;
  }
  const list = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, list, end]);
}

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
