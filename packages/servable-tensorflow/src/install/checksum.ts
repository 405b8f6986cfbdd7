import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { crc32c } from "@serving-kit/tensorflow-wire";

/** What the content of a file has to come to. */
export interface Checksum {
  /** The last two are what Google Cloud Storage tells; they find damage, not malice. */
  readonly algorithm: "sha256" | "md5" | "crc32c";
  /** In hexadecimal, lower case. */
  readonly value: string;
}

const READ_BYTES = 2 ** 20;

/** The checksum of a file, in hexadecimal. */
export async function checksumOf(
  file: string,
  algorithm: Checksum["algorithm"],
  onBytes?: (bytes: number) => void,
): Promise<string> {
  const hash = algorithm === "crc32c" ? undefined : createHash(algorithm);
  let crc = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: READ_BYTES })) {
    if (hash === undefined) crc = crc32c(chunk, crc);
    else hash.update(chunk);
    onBytes?.(chunk.length);
  }
  return hash?.digest("hex") ?? crc.toString(16).padStart(8, "0");
}

/** Whether a file is there and has a checksum. */
export async function hasChecksum(file: string, { algorithm, value }: Checksum): Promise<boolean> {
  return (await checksumOf(file, algorithm).catch(() => undefined)) === value;
}

/**
 * The checksum in the header `x-goog-hash` of Google Cloud Storage, `crc32c=<base64>,md5=<base64>`.
 * An object that was put together from parts has no MD5.
 */
export function googleChecksum(header: string | null): Checksum | undefined {
  for (const algorithm of ["md5", "crc32c"] as const) {
    const base64 = new RegExp(`(?:^|[,\\s])${algorithm}=([\\w+/]+={0,2})`).exec(header ?? "")?.[1];
    const bytes = Buffer.from(base64 ?? "", "base64");
    if (bytes.length === (algorithm === "md5" ? 16 : 4)) {
      return { algorithm, value: bytes.toString("hex") };
    }
  }
  return undefined;
}
