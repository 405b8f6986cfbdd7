import { errors } from "./errors.js";
import type { ObjectStore } from "./object-store.js";
import { isSafePath } from "./store-uri.js";
import type { VersionFile } from "./version-listing.js";

/** The name of a version's manifest, which `sha256sum * > SHA256SUMS` writes. */
export const MANIFEST = "SHA256SUMS";

/** The SHA-256 of each file in a manifest, in lower-case hexadecimal, by file name. */
export type Manifest = ReadonlyMap<string, string>;

const MAX_BYTES = 16 * 2 ** 20;

/**
 * Parses a manifest: lines of a SHA-256, two spaces or a space and `*`, and a relative path.
 *
 * @throws TypeError with the expected and the received text.
 */
export function parseManifest(text: string): Manifest {
  const manifest = new Map<string, string>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line === "") continue;
    const [, hex = "", path = ""] = /^([0-9a-f]{64}) [ *](.+)$/i.exec(line) ?? [];
    const name = path.replace(/^(\.\/)+/, "");
    if (hex === "" || !isSafePath(name)) {
      const expected = "a SHA-256, two spaces and a relative path";
      throw new TypeError(`line ${i + 1}: expected ${expected}; got "${line.slice(0, 100)}"`);
    }
    manifest.set(name, hex.toLowerCase());
  }
  if (manifest.size === 0) throw new TypeError("expected at least one line; got none");
  return manifest;
}

/**
 * Reads the manifest of a version.
 *
 * @throws ServingError FAILED_PRECONDITION / VERSION_UNREADABLE if it is not valid; the errors of the store.
 */
export async function readManifest(
  store: ObjectStore,
  { key, tag, sizeBytes }: VersionFile,
  uri: string,
  signal: AbortSignal,
): Promise<Manifest> {
  if (sizeBytes > MAX_BYTES) {
    const problem = `its ${MANIFEST} has ${sizeBytes} bytes; the limit is ${MAX_BYTES}`;
    throw errors.versionUnreadable(uri, problem);
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of await store.read(key, { ifMatch: tag, signal })) chunks.push(chunk);
  try {
    return parseManifest(Buffer.concat(chunks).toString("utf8"));
  } catch (error) {
    throw errors.versionUnreadable(uri, `its ${MANIFEST}: ${(error as Error).message}`, error);
  }
}
