import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { crc32c, crc64Nvme } from "./crc.js";

/** The algorithms of checksums. */
export type ChecksumAlgorithm = "md5" | "sha1" | "sha256" | "crc32" | "crc32c" | "crc64nvme";

/** The checksum of an object. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** The value in lower-case hexadecimal. */
  readonly hex: string;
  /**
   * For an object that was uploaded in parts: the size in bytes of each part except the last. The checksum is then
   * computed from the checksums of the parts. Default: computed from all bytes.
   */
  readonly partBytes?: number;
}

/** Computes a checksum of bytes that come in order. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** Returns the checksum and ends the computation. */
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

/** Makes the hasher that recomputes a checksum: from all bytes, or from the checksums of its parts. */
export function hasherFor({ algorithm, partBytes }: Checksum): Hasher {
  return partBytes === undefined ? hasherOf(algorithm) : new PartsHasher(algorithm, partBytes);
}

/** Computes the checksum of the checksums of parts. */
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

/** A hasher from a function that continues a checksum with more bytes. */
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
