import { symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TemporaryDirectory } from "../test/temporary-directory.js";
import { type FileStats, type FileSystem, nodeFileSystem } from "./file-system.js";
import { readVersionFiles } from "./version-files.js";

let directory: TemporaryDirectory;
beforeEach(() => {
  directory = new TemporaryDirectory();
});
afterEach(() => directory[Symbol.dispose]());

const read = (path = directory.path) => readVersionFiles(nodeFileSystem, path);

/** A file system of one directory `/v` with files whose times are given. */
function stamped(times: Record<string, { mtimeMs: number; ctimeMs: number }>): FileSystem {
  return {
    stat: async (path): Promise<FileStats> => ({
      ...(times[path] ?? { mtimeMs: 0, ctimeMs: 0 }),
      size: 1,
      ino: 1,
      dev: 1,
      isDirectory: () => path === "/v",
    }),
    list: async () => Object.keys(times).flatMap((path) => path.split("/")[2] ?? []),
  };
}

describe("readVersionFiles", () => {
  it("adds up the sizes of all files at any depth", async () => {
    directory.write("saved_model.pb", "123");
    directory.write("variables/variables.index", "12");
    directory.write("variables/deep/er/shard", "1234");
    directory.makeDirectory("assets");
    const files = await read();
    expect(files).toMatchObject({ sizeBytes: 9, fileCount: 3, isDirectory: true });
    expect(files.names).toEqual(["assets", "saved_model.pb", "variables"]);
  });

  it("reads a version that is one file", async () => {
    const path = directory.write("digits.tflite", "12345");
    expect(await read(path)).toMatchObject({ sizeBytes: 5, fileCount: 1, isDirectory: false });
  });

  describe.each([
    ["few files", 0],
    ["many files", 20],
  ])("of %s", (_, others) => {
    beforeEach(() => {
      for (let i = 0; i < others; i++) directory.write(`others/${i}`);
    });

    it.each<[string, () => void]>([
      ["a file grows", () => directory.write("a/file", "longer")],
      ["a file is written again", () => directory.write("a/file", "12345")],
      ["a file is added", () => directory.write("a/b/another")],
      ["a file is renamed", () => directory.rename("a/file", "a/file2")],
      ["a file goes", () => directory.remove("a/file")],
      ["an mtime is set back", () => directory.age("a/file")],
      ["an empty directory is added", () => directory.makeDirectory("a/c")],
    ])("has another fingerprint when %s", async (_, change) => {
      directory.write("a/file", "12345");
      directory.age("a/file");
      const before = await read();
      expect((await read()).fingerprint).toBe(before.fingerprint);
      change();
      expect((await read()).fingerprint).not.toBe(before.fingerprint);
    });

    it("keeps a short fingerprint", async () => {
      expect((await read()).fingerprint.length).toBeLessThanOrEqual(512);
    });
  });

  it("takes the ctime of files for the time of change, which cp -p does not set back", async () => {
    directory.write("file");
    directory.age("file");
    directory.age(".");
    expect((await read()).changedAtMs).toBeGreaterThan(Date.now() - 60_000);
  });

  it("uses the mtime of the directory itself, so that renaming it is not a change", async () => {
    const fileSystem = stamped({
      "/v": { mtimeMs: 5, ctimeMs: 99 },
      "/v/model": { mtimeMs: 1, ctimeMs: 3 },
    });
    expect((await readVersionFiles(fileSystem, "/v")).changedAtMs).toBe(5);
  });

  it("follows links to files and directories", async () => {
    const elsewhere = directory.write("blobs/1", "123");
    directory.makeDirectory("version");
    symlinkSync(elsewhere, directory.at("version/model"));
    symlinkSync(directory.at("blobs"), directory.at("version/assets"));
    expect(await read(directory.at("version"))).toMatchObject({ sizeBytes: 6, fileCount: 2 });
  });

  it("rejects with ENOENT for a link without a target", async () => {
    symlinkSync(directory.at("nowhere"), directory.at("model"));
    await expect(read()).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("rejects circular links", async () => {
    directory.write("model");
    symlinkSync(directory.path, directory.at("self"));
    await expect(read()).rejects.toMatchObject({ code: "ELOOP" });
  });

  it("rejects a directory with more files than a model has", async () => {
    const endless: FileSystem = {
      stat: (path) => stamped({}).stat(path === "/v" ? "/v" : "/v/file"),
      list: async () => Array.from({ length: 100_001 }, (_, index) => `file${index}`),
    };
    await expect(readVersionFiles(endless, "/v")).rejects.toMatchObject({
      reason: "VERSION_TOO_MANY_FILES",
    });
  });

  it.each([
    [".model.tflite.Xa3b9Z", true],
    [".~tmp~", true],
    [".rsync-partial", true],
    ["model.tflite.part", true],
    ["model.tflite.partial", true],
    ["model.filepart", true],
    ["model.tmp", true],
    [".DS_Store", false],
    [".gitkeep", false],
    ["variables.data-00000-of-00001", false],
    ["model.tflite", false],
  ])("takes a file called %s for unfinished: %s", async (name, isUnfinished) => {
    directory.write(`assets/${name}`);
    expect((await read()).unfinished).toBe(isUnfinished ? `assets/${name}` : undefined);
  });
});
