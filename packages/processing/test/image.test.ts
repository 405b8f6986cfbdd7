import { readdirSync } from "node:fs";
import { join } from "node:path";
import { tensor } from "@serving-kit/inference";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decode } from "../src/image/decode.js";
import { type ImageOptions, image, presets } from "../src/index.js";
import { expected, noise, pictureFile, sha256 } from "./support.js";

interface Picture {
  readonly size: readonly [number, number];
  readonly rgb: string;
}

const pictures = expected<Record<string, Picture>>("pictures.json");

/** The differences from Pillow that the guide names, in steps of 255. */
const DIFFERENCES: Readonly<Record<string, number>> = {
  "cmyk.jpg": 128, // Pillow converts by a formula, the decoder by a profile of print
  "picture.avif": 3, // the matrices of colour are rounded in other ways
};

describe("image decodes", () => {
  it.each(Object.entries(pictures))("%s as Pillow does", async (name, { size, rgb }) => {
    const { width, height, channels, data } = await decode(pictureFile(name), 1e6);
    expect([width, height]).toEqual(size);
    const wanted = Buffer.from(rgb, "base64");
    const worst = Math.max(
      ...wanted.map((pixel, i) => {
        const at = channels === 3 ? i : Math.floor(i / 3);
        return Math.abs(pixel - (data[at] as number));
      }),
    );
    expect(worst).toBeLessThanOrEqual(DIFFERENCES[name] ?? 1);
  });

  it("every picture of the folder, or rejects it", () => {
    const refused = ["large.png", "narrow.png", "truncated.jpg", "not-a-picture.txt", "zip.jpg"];
    const files = readdirSync(join(import.meta.dirname, "pictures"));
    expect(files.sort()).toEqual([...Object.keys(pictures), ...refused].sort());
    expect(files.length).toBeGreaterThanOrEqual(25);
  });

  it("the eight orientations alike, upright", async () => {
    const corner = await image({ size: 2, crop: { fraction: 1 }, resize: "pillow-nearest" })(
      Array.from({ length: 8 }, (_, i) => pictureFile(`orientation-${i + 1}.jpg`)),
    );
    for (let i = 0; i < 8; i++) {
      const [red = 0, green = 0] = corner.data.subarray(12 * i, 12 * i + 2);
      expect(red).toBeGreaterThan(green + 100);
    }
  });
});

describe("image rejects", () => {
  const read = image({ size: 8 });

  it.each([
    [
      "zip.jpg",
      "PICTURE_UNREADABLE",
      /expected JPEG, PNG, WebP, GIF, AVIF or TIFF; got a zip archive/,
    ],
    ["not-a-picture.txt", "PICTURE_UNREADABLE", /got 10 bytes of another kind/],
    ["truncated.jpg", "PICTURE_UNREADABLE", /^the picture cannot be read: /],
    [
      "large.png",
      "PICTURE_TOO_LARGE",
      /^the picture has 10000 x 10000 pixels; expected at most 16000000 in all; send a smaller picture, or raise maxPixels$/,
    ],
  ])("%s with a sentence", async (name, reason, message) => {
    await expect(read(pictureFile(name))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      reason,
      message: expect.stringMatching(message),
    });
  });

  it("a picture whose rows would be widened beyond the bound", async () => {
    await expect(image({ size: 224 })(pictureFile("narrow.png"))).rejects.toMatchObject({
      reason: "PICTURE_TOO_LARGE",
      message: expect.stringMatching(/^the picture, resized along its rows, has 224 x 1000000/),
    });
  });

  it("an SVG, base64 and nothing, before the decoder sees them", async () => {
    await expect(read(Buffer.from("<svg/>"))).rejects.toThrow("got an SVG or XML text");
    await expect(read(Buffer.from("iVBORw0KGgoAAAANSUhEUg"))).rejects.toThrow("may be base64");
    await expect(read(Buffer.alloc(0))).rejects.toThrow("got no bytes");
  });

  it("to go on after the signal has aborted", async () => {
    const controller = new AbortController();
    const reading = read(pictureFile("subsampled.jpg"), { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(reading).rejects.toThrow("enough");
  });

  it.each<[Record<string, unknown>, string]>([
    [{}, "image.size must be an integer from 1 to 4096; got undefined"],
    [{ size: 8, resise: "x" }, "image has no option resise; expected size, layout"],
    [{ size: 8, resize: "bilinear" }, "image.resize must be one of pillow-bilinear"],
    [{ size: 8, dtype: "uint8", range: [0, 1] }, "image.dtype uint8 has the pixels as they are"],
    [
      { size: 8, quantization: { scale: [1], zeroPoint: [0] } },
      'image.dtype must be uint8 or int8, with quantization; got "float32"',
    ],
    [
      { size: 8, dtype: "int8", quantization: { scale: [], zeroPoint: [] } },
      "image.quantization.scale must be a number; got undefined",
    ],
    [{ size: 8, crop: { fraction: 1 }, pad: 0 }, "image takes crop or pad, not both"],
    [{ size: 8, crop: { shorter: 7 } }, "image.crop.shorter must be an integer from 8 to 4096"],
    [{ size: 8, crop: {} }, "image.crop must be { shorter } or { fraction }; got {}"],
    [
      { size: 8, mean: [1, 2] },
      "image.mean must be a number, or one for each of 3 channels; got [1,2]",
    ],
    [{ size: 8, std: [1, 0, 1] }, "image.std must be a number that is not 0"],
    [{ size: 8, range: [1, 0] }, "image.range must be two numbers, the lower first; got [1,0]"],
    [{ size: 8, pad: 256 }, "image.pad must be from 0 to 255; got 256"],
  ])("options that are not valid: %j", (options, message) => {
    expect(() => image(options as unknown as ImageOptions)).toThrow(message);
  });
});

describe("image makes tensors", () => {
  const png = (width: number, height: number) =>
    sharp(noise(width, height, 3), { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();

  const recipes: Record<string, ImageOptions> = {
    mobilenet: presets.mobilenet,
    resnet: presets.resnet,
    torchvision: presets.torchvision,
    clip: presets.clip,
    pad: { size: [64, 96], pad: 0, resize: "tf-bilinear" },
    fraction: { size: 64, crop: { fraction: 0.875 }, resize: "tf-bilinear" },
    grey: { size: 28, channels: "grey", range: [0, 1] },
    uint8: { size: 32, dtype: "uint8" },
  };

  it.each(expected<{ size: [number, number]; sha256: Record<string, string> }[]>("tensors.json"))(
    "of $size equal to those of the training libraries, bit by bit",
    async ({ size, sha256: wanted }) => {
      const file = await png(...size);
      expect(Object.keys(wanted)).toEqual(Object.keys(recipes));
      for (const [name, options] of Object.entries(recipes)) {
        const { data } = await image(options)(file);
        expect(sha256(data), name).toBe(wanted[name]);
      }
    },
  );

  it("with a row for each picture, of the shape it says", async () => {
    const files = [await png(20, 10), pictureFile("grey.png")];
    const read = image({ size: [4, 6], layout: "nchw", channels: "bgr", range: [0, 1] });
    const { dtype, shape, data } = await read(tensor("string", [2], files));
    expect([dtype, shape, read.shape]).toEqual(["float32", [2, 3, 4, 6], [-1, 3, 4, 6]]);
    const [first, second] = await Promise.all(files.map((file) => read(file)));
    expect([...data]).toEqual([...(first?.data ?? []), ...(second?.data ?? [])]);
    expect(await read.sizes(files)).toEqual([
      { width: 20, height: 10 },
      { width: 24, height: 16 },
    ]);
  });

  it("of int8, and fills up with a colour", async () => {
    const white = await sharp({ create: { width: 8, height: 4, channels: 3, background: "#fff" } })
      .png()
      .toBuffer();
    const { data } = await image({ size: 4, dtype: "int8", pad: [0, 128, 255] })(white);
    expect([...data.subarray(0, 3)]).toEqual([-128, 0, 127]);
    expect([...data.subarray(4 * 3, 4 * 3 + 3)]).toEqual([127, 127, 127]);
  });

  it("of integers that stand for real numbers, within the dtype", async () => {
    const file = await png(4, 4);
    const { data: pixels } = await image({ size: 4, dtype: "uint8" })(file);
    const quantization = { scale: [0.01], zeroPoint: [-40] };
    const { data } = await image({ size: 4, dtype: "int8", range: [-1, 1], quantization })(file);
    const wanted = Array.from(pixels, (pixel) => Math.round((pixel / 127.5 - 1) / 0.01) - 40);
    expect([...data]).toEqual(wanted.map((value) => Math.max(-128, Math.min(127, value))));
    expect(wanted.some((value) => value < -128)).toBe(true);
  });

  it("of at most four pictures at a time", async () => {
    const file = await png(300, 300);
    const all = await image({ size: 8 })(new Array(20).fill(file));
    expect(all.shape).toEqual([20, 8, 8, 3]);
  });
});
