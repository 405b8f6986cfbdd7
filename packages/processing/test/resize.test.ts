import { describe, expect, it } from "vitest";
import { pillowResized, tilesOf } from "../src/resize/pillow-resize.js";
import { BICUBIC, BILINEAR, pillowTaps } from "../src/resize/pillow-taps.js";
import { RESIZE_METHODS, resized } from "../src/resize/resize.js";
import type { TwoPasses } from "../src/resize/tile.js";
import { openKernel } from "../src/resize/tile-in-wasm.js";
import { expected, noise, runToEnd, sha256 } from "./support.js";

interface Row {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly channels: 1 | 3;
  readonly sha256: Readonly<Record<string, string>>;
  readonly antialias?: string;
}

const rows = expected<Row[]>("resizes.json");
const whole = (size: number, outSize: number) => ({
  ...{ start: 0, size, outSize },
  ...{ outStart: 0, outCount: outSize },
});

describe("resized", () => {
  const exact = RESIZE_METHODS.filter((method) => method !== "tf-bilinear-antialias");

  it.each(exact)("%s is bit-equal to the library", (method) => {
    expect(rows).toHaveLength(20);
    for (const { from, to, channels, sha256: wanted } of rows) {
      const [width, height] = from;
      const pixels = { width, height, channels, data: noise(width, height, channels) };
      const { value } = runToEnd(
        resized(pixels, whole(width, to[0]), whole(height, to[1]), method),
      );
      expect(sha256(value), `${from} to ${to}, ${channels} channels`).toBe(wanted[method]);
    }
  });

  it("tf-bilinear-antialias differs from TensorFlow by at most 0.01", () => {
    let compared = 0;
    for (const { from, to, channels, antialias } of rows) {
      if (antialias === undefined) continue;
      const [width, height] = from;
      const pixels = { width, height, channels, data: noise(width, height, channels) };
      const across = whole(width, to[0]);
      const down = whole(height, to[1]);
      const { value } = runToEnd(resized(pixels, across, down, "tf-bilinear-antialias"));
      const bytes = Buffer.from(antialias, "base64");
      const wanted = new Float32Array(new Uint8Array(bytes).buffer);
      expect(value).toHaveLength(wanted.length);
      const worst = Math.max(...wanted.map((x, i) => Math.abs(x - (value[i] as number))));
      expect(worst, `${from} to ${to}`).toBeLessThanOrEqual(0.01);
      compared++;
    }
    expect(compared).toBeGreaterThan(8);
  });

  it("computes a part of the outputs from a part of the inputs, equal to the same part of the full result", () => {
    const data = noise(90, 70, 3);
    for (const method of RESIZE_METHODS) {
      const part = { start: 10, size: 60, outSize: 41 };
      const all = { ...part, outStart: 0, outCount: 41 };
      const some = { ...part, outStart: 7, outCount: 20 };
      const pixels = { width: 90, height: 70, channels: 3, data } as const;
      const { value: whole } = runToEnd(resized(pixels, all, all, method));
      const { value } = runToEnd(resized(pixels, some, some, method));
      const wanted = Array.from({ length: 20 }, (_, y) =>
        Array.from(whole.subarray(((y + 7) * 41 + 7) * 3, ((y + 7) * 41 + 27) * 3)),
      );
      expect(Array.from(value), method).toEqual(wanted.flat());
    }
  });
});

describe("the kernel", () => {
  it("runs on this machine", () => expect(openKernel()).toBeDefined());

  it("and JavaScript compute the same", () => {
    for (const [width, height, toWidth, toHeight] of [
      [300, 200, 64, 64],
      [9, 7, 31, 17],
      [1000, 3, 3, 100],
    ] as const) {
      for (const channels of [1, 3] as const) {
        for (const filter of [BILINEAR, BICUBIC]) {
          const picture = {
            source: noise(width, height, channels),
            stride: width * channels,
            channels,
          };
          const axes = [whole(width, toWidth), whole(height, toHeight)] as const;
          const [wasm, javascript] = (["wasm", "javascript"] as const).map(
            (wanted) => runToEnd(pillowResized(picture, ...axes, filter, wanted)).value,
          );
          expect(wasm).toEqual(javascript);
        }
      }
    }
  });

  it("leaves what does not fit into its memory to JavaScript", () => {
    const picture = { source: noise(2_000_000, 3, 1), stride: 2_000_000, channels: 1 } as const;
    const axes = [whole(2_000_000, 2), whole(3, 2)] as const;
    const { value } = runToEnd(pillowResized(picture, ...axes, BILINEAR));
    expect(value).toEqual(runToEnd(pillowResized(picture, ...axes, BILINEAR, "javascript")).value);
  });
});

describe("tilesOf", () => {
  it("covers all outputs once, in tiles of a bounded work", () => {
    const columns = pillowTaps(whole(1000, 224), BILINEAR);
    const rows = pillowTaps(whole(750, 224), BILINEAR);
    const passes: TwoPasses = {
      ...{ source: new Uint8Array(), stride: 3000, channels: 3 as const, into: new Uint8Array() },
      ...{ columns, rows },
    };
    for (const budget of [10, 20_000, 1_500_000, Number.POSITIVE_INFINITY]) {
      const covered = new Uint8Array(224 * 224);
      for (const { x, y, width, height } of tilesOf(passes, budget)) {
        for (let row = y; row < y + height; row++) {
          const start = row * 224 + x;
          for (let i = start; i < start + width; i++) covered[i] = (covered[i] ?? 0) + 1;
        }
        const work = height * 3.4 * width * 10 * 3;
        if (width * height > 1) expect(work).toBeLessThan(3 * budget);
      }
      expect(covered.every((count) => count === 1)).toBe(true);
    }
  });
});
