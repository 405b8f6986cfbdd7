import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isPathLike, servedPath } from "./served-path.js";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
  await mkdir(join(folder, "digits/3"), { recursive: true });
  await mkdir(join(folder, "model.v2"));
  await writeFile(join(folder, "iris.onnx"), "");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("servedPath", () => {
  it.each([
    ["digits", "digits"],
    ["digits/", "digits"],
    ["digits/3", "digits"],
    ["model.v2", "model.v2"],
    ["iris.onnx", "iris"],
  ])("%s is served as %s", async (path, name) => {
    const basePath = join(folder, path).replace(/[/\\]$/, "");
    expect(await servedPath(join(folder, path))).toEqual({ name, basePath });
  });

  it.each([
    ["s3://bucket/models/digits", "digits"],
    ["s3://bucket/models/digits/7?region=eu", "digits"],
  ])("%s is served as %s", async (basePath, name) => {
    expect(await servedPath(basePath)).toEqual({ name, basePath });
  });

  it("is undefined for what does not exist", async () => {
    expect(await servedPath(join(folder, "none"))).toBeUndefined();
  });
});

it.each([
  ["./digits", true],
  ["models\\digits", true],
  ["model.tflite", true],
  ["doctr", false],
])("%s can only be a path: %s", (word, is) => {
  expect(isPathLike(word)).toBe(is);
});
