import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isSavedModelComplete, looksLikeSavedModel, missingParts } from "./completeness.js";
import { savedModelType } from "./proto/schema.js";
import { readSavedModel } from "./saved-model.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
  await mkdir(join(folder, "variables"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (...names: string[]) =>
  Promise.all(names.map((name) => writeFile(join(folder, name), "")));

function writeModel(assets: string[] = []) {
  const metaGraphs = [
    { metaInfoDef: { tags: ["serve"] }, assetFileDef: assets.map((filename) => ({ filename })) },
  ];
  const bytes = savedModelType.encode(savedModelType.fromObject({ metaGraphs })).finish();
  return writeFile(join(folder, "saved_model.pb"), bytes);
}

const shard = (index: number, of: number) => `variables/variables.data-0000${index}-of-0000${of}`;
const missing = async () => missingParts(folder, await readSavedModel(folder));

describe("looksLikeSavedModel", () => {
  it("is true for a folder with either form of the file", async () => {
    expect(await looksLikeSavedModel(folder)).toBe(false);
    await write("saved_model.pbtxt");
    expect(await looksLikeSavedModel(folder)).toBe(true);
  });
});

describe("a SavedModel is whole", () => {
  it("without variables", async () => {
    await writeModel();
    expect(await missing()).toBeUndefined();
    expect(await isSavedModelComplete(folder)).toBe(true);
  });

  it.each([
    [["variables/variables.index"], "the shards of variables/variables.index are missing"],
    [[shard(0, 1)], "variables/variables.index is missing"],
    [["variables/checkpoint"], "variables/variables.index is missing"],
    [["variables/variables.index", shard(0, 3), shard(2, 3)], `${shard(1, 3)} is missing`],
    [["variables/variables.index", shard(0, 2), shard(1, 2)], undefined],
  ])("only with its index and every shard: %j", async (files, problem) => {
    await writeModel();
    await write(...files);
    expect(await missing()).toBe(problem);
  });

  it("only with its assets", async () => {
    await writeModel(["words.txt"]);
    expect(await missing()).toBe("the asset words.txt is missing");
    await mkdir(join(folder, "assets"));
    await write("assets/words.txt");
    expect(await missing()).toBeUndefined();
  });

  it("only when its file can be read", async () => {
    expect(await isSavedModelComplete(folder)).toBe(false);
    await writeFile(join(folder, "saved_model.pb"), "no model");
    expect(await isSavedModelComplete(folder)).toBe(false);
  });
});
