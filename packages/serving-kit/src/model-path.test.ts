import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspectTflite } from "@serving-kit/servable-tflite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { builtInPlatforms } from "./built-ins.js";
import { findModel } from "./model-path.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(...paths: string[]) {
  for (const path of paths) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), "");
  }
}

const find = async (path: string) => {
  const found = await findModel(join(folder, path), await builtInPlatforms());
  return [found.path.slice(folder.length), found.platform.platformName];
};

describe("findModel", () => {
  it("accepts a version, of any kind, as it is", async () => {
    await put("a/saved_model.pb", "b/model.tflite");
    expect(await find("a")).toEqual(["/a", "tensorflow"]);
    expect(await find("b")).toEqual(["/b", "tflite"]);
    expect(await find("b/model.tflite")).toEqual(["/b/model.tflite", "tflite"]);
  });

  it("uses the newest version of a base path, by its number", async () => {
    await put("9/model.tflite", "10/saved_model.pb", "x/model.tflite", "11");
    expect(await find("")).toEqual(["/10", "tensorflow"]);
  });

  it("leaves it to the platform to say that a folder has two models", async () => {
    await put("1/a.tflite", "1/b.tflite");
    expect(await find("")).toEqual(["/1", "tflite"]);
    await expect(inspectTflite(join(folder, "1"))).rejects.toMatchObject({
      reason: "MODEL_FILE_MISSING",
      message: expect.stringContaining("the folder has 2: a.tflite, b.tflite; keep one"),
    });
  });

  it.each(["", "nowhere"])("reports what was expected if there is no model (%j)", async (path) => {
    await put("1/readme.txt");
    await expect(find(path)).rejects.toMatchObject({
      reason: "MODEL_NOT_FOUND",
      message: expect.stringContaining(`no model found at ${join(folder, path)}: expected`),
    });
  });
});
