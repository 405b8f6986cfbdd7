import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMPLETE, incomplete } from "@serving-kit/core";
import { definePlatform } from "@serving-kit/inference";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { detectPlatform } from "./detect-platform.js";

const platform = (name: string) =>
  definePlatform({
    name,
    load: () => Promise.reject(new Error("not loaded here")),
    accepts: async (path) => path.endsWith(`.${name}`),
    isComplete: async () => incomplete(`half a ${name}`),
  })();

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe("detectPlatform", () => {
  const { isComplete } = detectPlatform([platform("a"), platform("b")]);

  it("asks the platform that accepts the files whether they are all there", async () => {
    expect(await isComplete("/m.b")).toEqual(incomplete("half a b"));
  });

  it("reports the files found if no platform accepts them", async () => {
    expect(await isComplete(folder)).toEqual(
      incomplete("it is not a model of a or b", "check the files, or name the model's platform"),
    );
    await writeFile(join(folder, "model.onnx"), "");
    expect(await isComplete(folder)).toMatchObject({
      problem: "it is not a model of a or b; model.onnx is an ONNX model",
      remedy: expect.stringContaining('the platform "onnx"'),
    });
  });

  it("lets loading report that there is no platform", async () => {
    expect(await detectPlatform([]).isComplete(folder)).toEqual(COMPLETE);
  });
});
