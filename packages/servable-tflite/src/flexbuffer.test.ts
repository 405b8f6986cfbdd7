import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFlexBuffer } from "./flexbuffer.js";

/** As the FlexBuffers package for Python 25.9 writes `VALUES`. */
const SAMPLE = Uint8Array.from([
  97, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 254, 255, 255, 255, 0, 0, 0, 63, 1, 0, 0, 0, 0, 0, 0, 0, 6,
  6, 14, 106, 2, 98, 0, 2, 104, 105, 0, 99, 0, 0, 2, 0, 44, 1, 5, 0, 101, 0, 0, 0, 112, 17, 1, 0,
  102, 0, 103, 0, 1, 3, 1, 1, 1, 200, 8, 104, 0, 0, 0, 0, 0, 0, 192, 63, 0, 0, 32, 64, 0, 0, 96, 64,
  6, 85, 53, 48, 40, 33, 23, 6, 1, 6, 86, 59, 52, 45, 33, 27, 42, 20, 45, 26, 36, 86, 12, 36, 1,
]);
const VALUES = new Map<string, unknown>([
  ["a", [1, -2, 0.5, true, null]],
  ["b", new TextEncoder().encode("hi")],
  ["c", [300, 5]],
  ["e", 70_000],
  ["f", new Map([["g", 200]])],
  ["h", [1.5, 2.5, 3.5]],
]);

describe("readFlexBuffer", () => {
  it("reads maps, vectors, strings and numbers of every width", () => {
    expect(readFlexBuffer(SAMPLE)).toEqual(VALUES);
  });

  it("reads a scalar", () => {
    expect(readFlexBuffer(Uint8Array.of(0xfe, 1 << 2, 1))).toBe(-2);
    expect(readFlexBuffer(Uint8Array.of(0xfe, 2 << 2, 1))).toBe(254);
  });

  it("parses or rejects any bytes, without reading outside of them", () => {
    const change = fc.tuple(fc.nat(SAMPLE.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const bytes = Uint8Array.from(SAMPLE);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          readFlexBuffer(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it("rejects vectors that refer to the same bytes over and over", () => {
    // Eight vectors, each of 200 references to the one before: 200 ** 8 values.
    const levels: number[] = [0];
    let previous = 0;
    for (let level = 0; level < 8; level++) {
      while (levels.length % 2 === 1) levels.push(0);
      levels.push(200, 0);
      const at = levels.length;
      for (let i = 0; i < 200; i++) {
        const distance = at + 2 * i - previous;
        levels.push(distance & 255, distance >> 8);
      }
      levels.push(...Array(200).fill(level === 0 ? (2 << 2) | 1 : (10 << 2) | 1));
      previous = at;
    }
    while (levels.length % 2 === 1) levels.push(0);
    const distance = levels.length - previous;
    const bytes = Uint8Array.of(...levels, distance & 255, distance >> 8, (10 << 2) | 1, 2);
    expect(() => readFlexBuffer(bytes)).toThrow("over and over");
  });
});
