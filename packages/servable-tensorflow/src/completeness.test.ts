import { cp, mkdir, mkdtemp, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { COMPLETE, incomplete } from "@serving-kit/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { savedModelCompleteness } from "./completeness.js";
import { savedModelType } from "./proto/schema.js";
import { looksLikeSavedModel } from "./saved-model-folder.js";

const models = fileURLToPath(new URL("../../../examples/models", import.meta.url));
const INDEX = "variables/variables.index";
const SHARD = "variables/variables.data-00000-of-00001";

let folder: string;
const at = (name: string) => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const copy = (model: string) => cp(join(models, model), folder, { recursive: true });
const completeness = () => savedModelCompleteness(folder);

function writeModel(graph: object) {
  const metaGraphs = [{ metaInfoDef: { tags: ["serve"] }, ...graph }];
  const bytes = savedModelType.encode(savedModelType.fromObject({ metaGraphs })).finish();
  return writeFile(at("saved_model.pb"), bytes);
}

describe("looksLikeSavedModel", () => {
  it("is true for a folder with either form of the file", async () => {
    expect(await looksLikeSavedModel(folder)).toBe(false);
    await writeFile(at("saved_model.pbtxt"), "");
    expect(await looksLikeSavedModel(folder)).toBe(true);
  });
});

describe("a SavedModel is complete", () => {
  it.each(["digits/savedmodel/1", "zoo/tf1/1", "zoo/tf1-text/1", "zoo/strings/1", "zoo/table/1"])(
    "as it is exported: %s",
    async (model) => {
      await copy(model);
      expect(await completeness()).toEqual(COMPLETE);
    },
  );

  it("without variables if no graph restores any, regardless of the files", async () => {
    await writeModel({});
    expect(await completeness()).toEqual(COMPLETE);
    await mkdir(at("variables"));
    await writeFile(at("variables/checkpoint"), "");
    expect(await completeness()).toEqual(COMPLETE);
  });

  it.each(["digits/savedmodel/1", "zoo/tf1-text/1"])(
    "only with its variables: %s",
    async (model) => {
      await copy(model);
      await rename(at("variables"), at("later"));
      expect(await completeness()).toEqual(incomplete(`${INDEX} is missing`));
      await mkdir(at("variables"));
      await cp(at("later/variables.index"), at(INDEX));
      expect(await completeness()).toEqual(incomplete(`${SHARD} is missing`));
      const shard = await readFile(at("later/variables.data-00000-of-00001"));
      await writeFile(at(SHARD), shard.subarray(1));
      const { length } = shard;
      expect(await completeness()).toEqual(
        incomplete(`${SHARD} has ${length - 1} of ${length} bytes`),
      );
      await writeFile(at(SHARD), shard);
      expect(await completeness()).toEqual(COMPLETE);
    },
  );

  it("only with a complete index", async () => {
    await copy("digits/savedmodel/1");
    const index = await readFile(at(INDEX));
    for (const length of [0, 1, 47, index.length - 1]) {
      await truncate(at(INDEX), length);
      expect(await completeness()).toEqual(
        incomplete(`${INDEX} cannot be read: it is truncated: it does not end as an index does`),
      );
      await writeFile(at(INDEX), index);
    }
    // Space that was reserved and has not been written yet.
    await writeFile(at(INDEX), Buffer.from(index).fill(0, 0, index.length - 48));
    expect(await completeness()).toMatchObject({
      problem: expect.stringMatching(
        /^variables\/variables.index cannot be read: the block at byte \d+ has a wrong checksum$/,
      ),
    });
  });

  it("only with its assets", async () => {
    await writeModel({ assetFileDef: [{ filename: "words.txt" }] });
    expect(await completeness()).toEqual(incomplete("the asset words.txt is missing"));
    await mkdir(at("assets"));
    await writeFile(at("assets/words.txt"), "");
    expect(await completeness()).toEqual(COMPLETE);
  });

  it("only if its file is complete", async () => {
    await copy("digits/savedmodel/1");
    const bytes = await readFile(at("saved_model.pb"));
    for (const length of [0, 1, bytes.length >> 1, bytes.length - 1]) {
      await writeFile(at("saved_model.pb"), bytes.subarray(0, length));
      expect(await completeness()).toMatchObject({
        problem: expect.stringMatching(/^it is truncated or damaged: saved_model.pb: /),
      });
    }
  });

  it("only if there is one, and reports what is there instead", async () => {
    const missing = "saved_model.pb or saved_model.pbtxt is missing";
    expect(await completeness()).toEqual(incomplete(missing));
    await writeFile(at("model.h5"), "");
    expect(await completeness()).toEqual({
      isComplete: false,
      problem: `${missing}; model.h5 is a Keras HDF5 file`,
      remedy:
        'write a SavedModel with keras.models.load_model("model.h5").export(folder) in Python',
    });
  });
});
