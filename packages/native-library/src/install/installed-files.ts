import { readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { checksumOf } from "./checksum.js";
import type { InstallOptions } from "./install-options.js";

/** The files of an installation in a folder. */
export interface InstalledFiles {
  readonly version: string;
  /** The source of the files: the name of a Python package or of an archive. */
  readonly source: string;
  /** The name of the main library. */
  readonly library: string;
  /** SHA-256 of each file by name, as of when it was unpacked. */
  readonly sha256: Readonly<Record<string, string>>;
}

/** The file next to the libraries that describes them. It is written last. */
export const RECORD = "installed.json";

/** Reads the installation in a folder; undefined if there is none, or if an attempt did not finish. */
export async function readInstalledFiles(folder: string): Promise<InstalledFiles | undefined> {
  try {
    const installed = JSON.parse(await readFile(join(folder, RECORD), "utf8"));
    return isInstalledFiles(installed) ? installed : undefined;
  } catch {
    return undefined;
  }
}

/** Records the installation in a folder, with the current checksums of its files. */
export async function recordInstalledFiles(
  folder: string,
  names: readonly string[],
  facts: Omit<InstalledFiles, "sha256">,
): Promise<void> {
  const sha256: Record<string, string> = {};
  for (const name of names) sha256[name] = await checksumOf(join(folder, name), "sha256");
  await writeFile(join(folder, RECORD), `${JSON.stringify({ ...facts, sha256 })}\n`);
}

/** Returns the names of files that have changed since the installation, or are missing. */
export async function damagedFiles(
  folder: string,
  { sha256 }: InstalledFiles,
  { onProgress, signal }: Pick<InstallOptions, "onProgress" | "signal"> = {},
): Promise<readonly string[]> {
  const names = Object.keys(sha256);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  const totalBytes = sizes.reduce((sum, size) => sum + size, 0);
  let bytes = 0;
  const onBytes = (count: number) => {
    signal?.throwIfAborted();
    bytes += count;
    onProgress?.({ step: "checking", bytes, totalBytes });
  };
  const damaged: string[] = [];
  for (const name of names) {
    const actual = await checksumOf(join(folder, name), "sha256", onBytes).catch(() => undefined);
    signal?.throwIfAborted();
    if (actual !== sha256[name]) damaged.push(name);
  }
  return damaged;
}

function isInstalledFiles(value: unknown): value is InstalledFiles {
  if (typeof value !== "object" || value === null) return false;
  const { version, source, library, sha256 } = value as Record<string, unknown>;
  if ([version, source, library].some((text) => typeof text !== "string")) return false;
  if (typeof sha256 !== "object" || sha256 === null) return false;
  // Paths in the record are not trusted.
  const entries = Object.entries(sha256);
  const isSound = entries.every(
    ([name, hash]) => basename(name) === name && typeof hash === "string",
  );
  return isSound && Object.hasOwn(sha256, library as string);
}
