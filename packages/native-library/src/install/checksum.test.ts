import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checksumOf, hasChecksum } from "./checksum.js";

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
  file = join(folder, "file");
  await writeFile(file, "123456789");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe("checksumOf", () => {
  // The check value of FIPS 180-4.
  it("returns sha256", async () => {
    const value = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225";
    const algorithm = "sha256";
    expect(await checksumOf(file, algorithm)).toBe(value);
    expect(await hasChecksum(file, { algorithm, value })).toBe(true);
    expect(await hasChecksum(join(folder, "none"), { algorithm, value })).toBe(false);
  });

  it("reports the bytes of a file that is read in pieces", async () => {
    await writeFile(file, Buffer.alloc(3_000_000));
    let bytes = 0;
    await checksumOf(file, "sha256", (count) => {
      bytes += count;
    });
    expect(bytes).toBe(3_000_000);
  });
});
