import { join } from "node:path";
import {
  type Checksum,
  downloadFile,
  hasChecksum,
  type InstallOptions,
  type PinnedVersion,
  withoutLogins,
} from "@serving-kit/native-library/install";
import type { Archive } from "./archive.js";

/**
 * Downloads the official archive into a folder, unless an earlier attempt has, and returns its path. `archives` is the
 * URL of the folder of all versions.
 */
export async function fetchArchive(
  archive: Archive,
  { version, sha256 }: PinnedVersion,
  folder: string,
  { archives, onProgress, signal }: InstallOptions & { readonly archives: string },
): Promise<string> {
  const url = `${archives}/${version}/${archive.name}`;
  const checksum: Checksum = { algorithm: "sha256", value: sha256 };
  const file = join(folder, `${version}-${archive.name}`);
  const onChecking = () => onProgress?.({ step: "checking", bytes: 0 });
  if (await hasChecksum(file, checksum)) return file;
  const onBytes = (bytes: number, totalBytes: number | undefined) =>
    onProgress?.({ step: "downloading", bytes, totalBytes });
  const problem = await downloadFile({ url, checksum, file, onBytes, onChecking, signal });
  if (problem !== undefined) throw failure(url, problem);
  return file;
}

/** The URL of a mirror may contain a password. */
const failure = (url: string, problem: string) => new Error(withoutLogins(`${url}: ${problem}`));
