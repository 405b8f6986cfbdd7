import { readdirSync } from "node:fs";
import { join } from "node:path";
import { runToEnd } from "@serving-kit/core";
import { beforeAll, describe, expect, it } from "vitest";
import { decode } from "../src/image/decode.js";
import { imagePlan } from "../src/image/image-options.js";
import { pictureConverter } from "../src/image/picture-converter.js";
import { PictureThread } from "../src/image/picture-thread.js";
import { image } from "../src/index.js";
import { pictureFile } from "./support.js";

const plan = imagePlan({ size: 8, range: [0, 1] });
const convert = pictureConverter(plan);
const thread = new PictureThread();
beforeAll(() => thread.start(), 60_000);

/** The values of an image, or its error. */
async function outcomeOf(values: Promise<unknown>): Promise<unknown> {
  try {
    return await values;
  } catch (error) {
    const { code, reason, message, details } = error as Record<string, unknown>;
    return { code, reason, message, details };
  }
}

describe("a thread for pictures", () => {
  it("converts and rejects every picture as the caller's thread does", async () => {
    expect(thread.isReady).toBe(true);
    for (const name of readdirSync(join(import.meta.dirname, "pictures"))) {
      const file = pictureFile(name);
      const own = decode(file, plan.maxPixels).then((picture) => runToEnd(convert(picture)));
      const wanted = await outcomeOf(own);
      expect(await outcomeOf(thread.convert(file, plan)), name).toEqual(wanted);
    }
  });

  it("leaves the caller's bytes as they are", async () => {
    const all = Buffer.concat([Buffer.alloc(10), pictureFile("grey.png")]);
    const view = all.subarray(10);
    await thread.convert(view, plan);
    expect(view).toEqual(pictureFile("grey.png"));
  });

  it("that has not started, or has failed, is not ready", () => {
    expect(new PictureThread().isReady).toBe(false);
  });
});

it("image() returns the same before and after its thread has started", async () => {
  const read = image({ size: 8 });
  const file = pictureFile("palette.png");
  const first = await read(file);
  const { data } = await read(new Array(40).fill(file));
  for (let i = 0; i < 40; i++) {
    expect(data.subarray(192 * i, 192 * i + 192)).toEqual(first.data);
  }
});
