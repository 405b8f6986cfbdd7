import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { crc32c, crc64Nvme } from "./crc.js";

/** How a checksum is computed. */
export type ChecksumAlgorithm = "md5" | "sha1" | "sha256" | "crc32" | "crc32c" | "crc64nvme";

/** The checksum of an object's bytes. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** In lower-case hexadecimal. */
  readonly hex: string;
  /**
   * If the object was uploaded in parts: the size of each part but the last, in bytes. The checksum is then that of the
   * checksums of the parts. Default: it is that of all bytes.
   */
  readonly partBytes?: number;
}

/** Computes a checksum of bytes that come in order. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** Ends it. */
  digest(): Buffer;
}

/** Makes a hasher of one algorithm. */
export function hasherOf(algorithm: ChecksumAlgorithm): Hasher {
  if (algorithm === "crc32") return crcHasher(crc32, 0, 4);
  if (algorithm === "crc32c") return crcHasher(crc32c, 0, 4);
  if (algorithm === "crc64nvme") return crcHasher(crc64Nvme, 0n, 8);
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
}

/** Makes the hasher of what a checksum was made of: of all bytes, or of the checksums of its parts. */
export function hasherFor({ algorithm, partBytes }: Checksum): Hasher {
  return partBytes === undefined ? hasherOf(algorithm) : new PartsHasher(algorithm, partBytes);
}

/** The checksum of the checksums of parts. */
class PartsHasher implements Hasher {
  readonly #algorithm: ChecksumAlgorithm;
  readonly #partBytes: number;
  readonly #whole: Hasher;
  #part: Hasher;
  #rest: number;

  constructor(algorithm: ChecksumAlgorithm, partBytes: number) {
    this.#algorithm = algorithm;
    this.#partBytes = partBytes;
    this.#whole = hasherOf(algorithm);
    this.#part = hasherOf(algorithm);
    this.#rest = partBytes;
  }

  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#rest === 0) this.#endPart();
      const piece = bytes.subarray(at, at + this.#rest);
      this.#part.update(piece);
      this.#rest -= piece.length;
      at += piece.length;
    }
  }

  digest(): Buffer {
    this.#whole.update(this.#part.digest());
    return this.#whole.digest();
  }

  #endPart(): void {
    this.#whole.update(this.#part.digest());
    this.#part = hasherOf(this.#algorithm);
    this.#rest = this.#partBytes;
  }
}

/** A hasher of a function that continues the checksum of what came before. */
function crcHasher<T extends number | bigint>(
  continued: (bytes: Uint8Array, before: T) => T,
  start: T,
  byteLength: number,
): Hasher {
  let value = start;
  return {
    update(bytes) {
      value = continued(bytes, value);
    },
    digest: () => Buffer.from(value.toString(16).padStart(2 * byteLength, "0"), "hex"),
  };
}
