import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FlatBuffer } from "./flatbuffer.js";

/** A file with one table: field 0 a uint32, field 1 a text, field 2 a vector of int32. */
function sample(): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 20, true); // root table at 20
  bytes.set(new TextEncoder().encode("TEST"), 4);
  view.setUint16(8, 10, true); // vtable at 8: its size, the table's size, three fields
  view.setUint16(10, 16, true);
  view.setUint16(12, 4, true);
  view.setUint16(14, 8, true);
  view.setUint16(16, 12, true);
  view.setInt32(20, 12, true); // vtable at 20 - 12
  view.setUint32(24, 7, true);
  view.setUint32(28, 8, true); // text at 36
  view.setUint32(32, 12, true); // vector at 44
  view.setUint32(36, 2, true);
  bytes.set(new TextEncoder().encode("hi"), 40);
  view.setUint32(44, 2, true);
  view.setInt32(48, -1, true);
  view.setInt32(52, 5, true);
  return bytes.slice(0, 56);
}

const read = (bytes: Uint8Array) => {
  const table = new FlatBuffer(bytes).root("TEST");
  return [table.uint32(0), table.text(1), table.int32s(2), table.text(3), table.uint32(9, 4)];
};

describe("FlatBuffer", () => {
  it("reads fields, and the fallback of those that are absent", () => {
    expect(read(sample())).toEqual([7, "hi", [-1, 5], undefined, 4]);
  });

  it("rejects another identifier, with both", () => {
    expect(() => new FlatBuffer(sample()).root("TFL3")).toThrow('identifier TFL3, got "TEST"');
  });

  it("rejects every prefix", () => {
    for (let length = 0; length < sample().length; length++) {
      expect(() => read(sample().subarray(0, length)), `${length} bytes`).toThrow(RangeError);
    }
  });

  it("parses or rejects any bytes, without reading outside of them", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(55), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (changes) => {
          const bytes = sample();
          for (const [at, value] of changes) bytes[at] = value;
          try {
            read(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("rejects a file that refers to the same bytes over and over", () => {
    const table = new FlatBuffer(sample()).root("TEST");
    expect(() => {
      for (let i = 0; i < 10_000; i++) table.int32s(2);
    }).toThrow("over and over");
  });
});
