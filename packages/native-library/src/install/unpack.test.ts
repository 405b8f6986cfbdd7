import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type TarMember, tarGz } from "../../test/tar.js";
import { zip } from "../../test/zip.js";
import type { InstallProgress } from "./install-options.js";
import { type UnpackOptions, unpack } from "./unpack.js";

let folder: string;
let target: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
  target = join(folder, "target");
  await mkdir(target);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const want = (path: string, name = path.split("/").at(-1) ?? "") => ({
  name,
  isAt: (text: string) => text === path,
});

/** Unpacks files of an archive into the target folder. */
async function unpackFrom(
  name: string,
  archive: Uint8Array,
  paths: readonly string[],
  options?: UnpackOptions,
) {
  const file = join(folder, name);
  await writeFile(file, archive);
  return unpack(
    file,
    paths.map((path) => want(path)),
    target,
    options,
  );
}

const large = randomBytes(3_000_000);
const deep = `./${"folder/".repeat(20)}deep`;
const members: Record<string, TarMember> = {
  "./": { content: "" },
  "./lib/large": { content: large },
  "./lib/link": { link: "large" },
  "./lib/empty": { content: "" },
  "./lib/block": { content: "b".repeat(512) },
  [deep]: { content: "deep" },
};
const untar = (archive: Uint8Array, paths: readonly string[], options?: UnpackOptions) =>
  unpackFrom("a.tar.gz", archive, paths, options);

describe("a .tar.gz", () => {
  it("is unpacked: regular files of any length, under long names too, and no others", async () => {
    const paths = ["./lib/large", "./lib/empty", "./lib/block", deep];
    const names = ["large", "empty", "block", "deep"];
    expect((await untar(tarGz(members), paths)).toSorted()).toEqual(names.toSorted());
    expect((await readdir(target)).toSorted()).toEqual(names.toSorted());
    expect(large.equals(await readFile(join(target, "large")))).toBe(true);
    expect(await readFile(join(target, "empty"), "utf8")).toBe("");
    expect(await readFile(join(target, "block"), "utf8")).toBe("b".repeat(512));
    expect(await readFile(join(target, "deep"), "utf8")).toBe("deep");
  });

  it("reports how many of its bytes were read", async () => {
    const archive = tarGz(members);
    const progress: InstallProgress[] = [];
    const onProgress = (at: InstallProgress) => progress.push(at);
    await untar(archive, ["./lib/block"], { onProgress });
    const { length } = archive;
    expect(progress.at(-1)).toEqual({ step: "unpacking", bytes: length, totalBytes: length });
  });

  it("has no effect by its paths and links: files go into the folder under the wanted names", async () => {
    const hostile = tarGz({
      "../../escaped": { content: "out" },
      "lib/link": { link: "/etc/passwd" },
      "lib/file": { content: "in" },
    });
    await expect(untar(hostile, ["lib/link"])).rejects.toThrow("has no link");
    expect(await untar(hostile, ["../../escaped", "lib/file"])).toEqual(["escaped", "file"]);
    expect((await readdir(target)).toSorted()).toEqual(["escaped", "file"]);
    expect((await readdir(folder)).toSorted()).toEqual(["a.tar.gz", "target"]);
  });

  it("is rejected if it unpacks to more than the limit", async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    await expect(untar(bomb, [], { maxBytes: 1_000_000 })).rejects.toThrow(
      "a.tar.gz unpacks to more than 1000000 bytes",
    );
  });

  it("is rejected if it is truncated, damaged, or not an archive", async () => {
    const archive = tarGz(members);
    const all = ["./lib/large"];
    await expect(untar(archive.subarray(0, -20), all)).rejects.toThrow("unexpected end of file");
    const whole = gunzipSync(archive);
    await expect(untar(gzipSync(whole.subarray(0, 5_000)), all)).rejects.toThrow("truncated");
    await expect(untar(gzipSync(whole.subarray(0, 700)), all)).rejects.toThrow("truncated");
    const flipped = Buffer.from(archive);
    flipped.writeUInt8((flipped[100_000] as number) ^ 1, 100_000);
    await expect(untar(flipped, all)).rejects.toThrow();
    whole.write("?", 0);
    await expect(untar(gzipSync(whole), all)).rejects.toThrow("checksum");
    await expect(untar(gzipSync(randomBytes(2_000)), all)).rejects.toThrow();
    await expect(untar(Buffer.from("<html>"), all)).rejects.toThrow("incorrect header check");
  });
});

describe("a zip archive", () => {
  const files = {
    "a/stored.txt": { content: "stored", method: 0 },
    "a/packed.txt": { content: "packed ".repeat(1_000), method: 8 },
  };
  const paths = Object.keys(files);
  const unzip = (archive: Uint8Array, options?: UnpackOptions) =>
    unpackFrom("a.zip", archive, paths, options);

  it("is unpacked, stored or deflated, and reports its progress", async () => {
    const progress: InstallProgress[] = [];
    const onProgress = (at: InstallProgress) => progress.push(at);
    expect(await unzip(zip(files), { onProgress })).toEqual(["stored.txt", "packed.txt"]);
    expect(await readFile(join(target, "stored.txt"), "utf8")).toBe("stored");
    expect(await readFile(join(target, "packed.txt"), "utf8")).toBe("packed ".repeat(1_000));
    expect(progress.at(-1)).toEqual({ step: "unpacking", bytes: 7_006, totalBytes: 7_006 });
  });

  it("is rejected if a path in it leaves its folder", async () => {
    const hostile = zip({ ...files, "../escaped": { content: "out", method: 0 } });
    await expect(unzip(hostile)).rejects.toThrow("invalid relative path: ../escaped");
    expect(await readdir(target)).toEqual([]);
  });

  it("is rejected if it unpacks to more than the limit", async () => {
    await expect(unzip(zip(files), { maxBytes: 7_005 })).rejects.toThrow(
      "a.zip unpacks to more than 7005 bytes",
    );
  });

  it("is rejected if it is truncated, or not an archive", async () => {
    const whole = zip(files);
    for (const bytes of [whole.subarray(0, whole.length - 1), Buffer.from("no"), Buffer.alloc(0)]) {
      await expect(unzip(bytes)).rejects.toThrow(/central directory|Invalid comment length/i);
    }
  });

  it("is rejected if a file in it is damaged or of another method", async () => {
    const bytes = zip(files);
    bytes.write("S", bytes.indexOf("stored", 40));
    await expect(unzip(bytes)).rejects.toThrow("a/stored.txt is damaged: its checksum is wrong");
    const other = zip({ ...files, "a/stored.txt": { content: "stored", method: 12 } });
    await expect(unzip(other)).rejects.toThrow("12");
  });
});

it("unpack names the file that an archive lacks", async () => {
  await expect(unpackFrom("a.whl", zip({}), ["lib/b"])).rejects.toThrow("a.whl has no b");
});

it.each(["a.tar.gz", "a.zip"])("unpack of %s ends if the signal aborts", async (name) => {
  const archive = name.endsWith("zip") ? zip({ b: { content: "b", method: 8 } }) : tarGz(members);
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(unpackFrom(name, archive, ["b"], { signal })).rejects.toThrow();
});
