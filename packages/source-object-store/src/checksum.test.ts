import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ChecksumAlgorithm, hasherFor, hasherOf } from "./checksum.js";

const hexOf = (algorithm: ChecksumAlgorithm, ...pieces: (string | Uint8Array)[]) => {
  const hasher = hasherOf(algorithm);
  for (const piece of pieces) hasher.update(Buffer.from(piece as string));
  return hasher.digest().toString("hex");
};

describe("checksums", () => {
  // The check values of the catalogues of CRCs, and of the standards of the hashes.
  it.each([
    ["crc32", "cbf43926"],
    ["crc32c", "e3069283"],
    ["crc64nvme", "ae8b14860a799888"],
    ["md5", "25f9e794323b453885f5181f1b624d0b"],
    ["sha1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"],
    ["sha256", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"],
  ] as const)("%s of 123456789", (algorithm, hex) => {
    expect(hexOf(algorithm, "123456789")).toBe(hex);
  });

  it.each(["crc32", "crc32c", "crc64nvme"] as const)(
    "%s is the same in any pieces",
    (algorithm) => {
      const property = fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
        expect(hexOf(algorithm, ...pieces)).toBe(hexOf(algorithm, Buffer.concat(pieces)));
      });
      fc.assert(property);
    },
  );

  it("of parts is that of the checksums of the parts", () => {
    const parts = ["aaaa", "bbbb", "cc"];
    const ofParts = parts.map((part) => Buffer.from(hexOf("sha256", part), "hex"));
    const hasher = hasherFor({ algorithm: "sha256", hex: "", partBytes: 4 });
    for (const piece of ["aaa", "abbbbc", "c"]) hasher.update(Buffer.from(piece));
    expect(hasher.digest().toString("hex")).toBe(hexOf("sha256", ...ofParts));
  });

  it("of parts whose last one is full has no empty part", () => {
    const hasher = hasherFor({ algorithm: "crc32", hex: "", partBytes: 4 });
    hasher.update(Buffer.from("aaaabbbb"));
    const parts = ["aaaa", "bbbb"].map((part) => Buffer.from(hexOf("crc32", part), "hex"));
    expect(hasher.digest().toString("hex")).toBe(hexOf("crc32", ...parts));
  });
});
