import { join } from "node:path";
import { ARCHIVES, type Archive } from "./archive.js";
import { type Checksum, hasChecksum } from "./checksum.js";
import type { InstallOptions } from "./install-options.js";
import type { PinnedVersion } from "./pinned-version.js";
import { withoutLogins } from "./pip.js";
import { downloadFile } from "./resumable-download.js";

/** Gives the official archive, kept whole from an earlier attempt or downloaded into a folder. */
export async function fetchArchive(
  archive: Archive,
  { version, sha256 }: PinnedVersion,
  folder: string,
  { archives = ARCHIVES, onProgress, signal }: InstallOptions,
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

/** The address of a mirror may have a password in it. */
const failure = (url: string, problem: string) => new Error(withoutLogins(`${url}: ${problem}`));
