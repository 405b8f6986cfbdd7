import type { HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import type { Checksum, ChecksumAlgorithm } from "../checksum.js";

/** The members of a response, the strongest first. */
const MEMBERS: readonly (readonly [string, ChecksumAlgorithm, number])[] = [
  ["ChecksumSHA256", "sha256", 32],
  ["ChecksumSHA1", "sha1", 20],
  ["ChecksumCRC64NVME", "crc64nvme", 8],
  ["ChecksumCRC32C", "crc32c", 4],
  ["ChecksumCRC32", "crc32", 4],
];

/** The checksum that S3 has for an object, and its number of parts. */
export interface S3Checksum extends Checksum {
  /** Number of parts; 0 if the checksum is that of all bytes. */
  readonly partCount: number;
}

/** Reads the checksum of a response. Undefined if it has no known checksum. */
export function s3Checksum(head: HeadObjectCommandOutput): S3Checksum | undefined {
  for (const [member, algorithm, length] of MEMBERS) {
    const value = (head as unknown as Record<string, unknown>)[member];
    if (typeof value !== "string") continue;
    // A checksum of the checksums of 12 parts: "…==-12".
    const [, base64 = "", parts = "0"] = /^([A-Za-z0-9+/]+=*)(?:-(\d+))?$/.exec(value) ?? [];
    const bytes = Buffer.from(base64, "base64");
    const isOfParts = head.ChecksumType === "COMPOSITE" && parts === "0";
    if (bytes.length !== length || isOfParts) continue;
    return { algorithm, hex: bytes.toString("hex"), partCount: Number(parts) };
  }
  return undefined;
}
