import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** The expected checksum of a file. */
export interface Checksum {
  readonly algorithm: "sha256";
  /** In hexadecimal, lower case. */
  readonly value: string;
}

const READ_BYTES = 2 ** 20;

/** Returns the checksum of a file, in hexadecimal. */
export async function checksumOf(
  file: string,
  algorithm: Checksum["algorithm"],
  onBytes?: (bytes: number) => void,
): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(file, { highWaterMark: READ_BYTES })) {
    hash.update(chunk);
    onBytes?.(chunk.length);
  }
  return hash.digest("hex");
}

/** Returns whether a file exists and has a checksum. */
export async function hasChecksum(file: string, { algorithm, value }: Checksum): Promise<boolean> {
  return (await checksumOf(file, algorithm).catch(() => undefined)) === value;
}
