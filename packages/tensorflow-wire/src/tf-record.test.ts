import { describe, expect, it } from "vitest";
import { crc32c, maskedCrc32c } from "./crc32c.js";
import { tfRecord, tfRecords } from "./tf-record.js";

const ABC = "0300000000000000b099490e6162636e57f121";

describe("crc32c", () => {
  it("is that of RFC 3720, masked as TFRecord does", () => {
    expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    // The length of a record of TensorFlow's writer, 0, with its checksum.
    expect(maskedCrc32c(new Uint8Array(8))).toBe(0x07980329);
  });
});

describe("TFRecord files", () => {
  it("frame a record as TensorFlow's writer does", () => {
    // Of `tf.io.TFRecordWriter`, for the record "abc".
    const file = Buffer.from(ABC, "hex");
    expect(tfRecord(Buffer.from("abc"))).toEqual(file);
  });

  it("are the records that were framed", () => {
    const records = ["a", "", "bc"].map((text) => Buffer.from(text));
    const file = Buffer.concat(records.map(tfRecord));
    expect([...tfRecords(file)].map(String)).toEqual(records.map(String));
  });

  it("show every cut and every flipped bit", () => {
    const file = tfRecord(Buffer.from("abc"));
    for (let length = 1; length < file.length; length++) {
      expect(() => [...tfRecords(file.subarray(0, length))]).toThrow(/cut off/);
    }
    for (let bit = 0; bit < 8 * file.length; bit++) {
      const damaged = Buffer.from(file);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => [...tfRecords(damaged)]).toThrow(/checksum|cut off/);
    }
  });
});
