import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packNibbles, unpackNibbles } from "./nibbles.js";
import { decodeStrings, encodeStrings } from "./string-tensor.js";

const buffer = (bytes: Uint8Array) => bytes.buffer as ArrayBuffer;

describe("string tensors", () => {
  it("have a count, offsets and the bytes", () => {
    const bytes = encodeStrings([Uint8Array.of(65), Uint8Array.of(), Uint8Array.of(66, 67)]);
    expect(Array.from(new Int32Array(bytes.slice(0, 20).buffer))).toEqual([3, 20, 21, 21, 23]);
    expect(Array.from(bytes.slice(20))).toEqual([65, 66, 67]);
  });

  it("come back as they went in", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (strings) => {
        expect(decodeStrings(buffer(encodeStrings(strings)))).toEqual(strings);
      }),
    );
  });

  it("are rejected or decoded within their memory for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 64 }), (bytes) => {
        try {
          const strings = decodeStrings(buffer(bytes.slice()));
          expect(strings.every(({ length }) => length <= bytes.length)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});

describe("4-bit tensors", () => {
  it("have the first of two in the low half", () => {
    expect(Array.from(packNibbles(Int8Array.of(1, -1, 7)))).toEqual([0xf1, 0x07]);
  });

  it("come back as they went in", () => {
    const check = (dtype: "int4" | "uint4", min: number, max: number) =>
      fc.property(fc.array(fc.integer({ min, max })), (values) => {
        const array = dtype === "int4" ? Int8Array.from(values) : Uint8Array.from(values);
        expect(unpackNibbles(packNibbles(array), [values.length], dtype)).toEqual(array);
      });
    fc.assert(check("int4", -8, 7));
    fc.assert(check("uint4", 0, 15));
  });
});
