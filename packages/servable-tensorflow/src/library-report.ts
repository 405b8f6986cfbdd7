import { readFile } from "node:fs/promises";
import { messageOf } from "@serving-kit/core";
import { cacheFolder } from "@serving-kit/native-library";
import { libraryCandidates, openTensorFlow } from "./native/library.js";

/** One place where a library is looked for, and what is there. */
export interface LibraryPlace {
  /** The place in words, such as `Python package tensorflow`. */
  readonly origin: string;
  /** The library, where there is one. */
  readonly path?: string;
  /** Why there is none. */
  readonly missing?: string;
}

/** What is known of the C library of TensorFlow on this machine. */
export interface LibraryReport {
  /** The library in words. */
  readonly name: string;
  /** All places, in the order in which they are tried. */
  readonly places: readonly LibraryPlace[];
  /** The one that opens, with its version. */
  readonly opened?: { readonly path: string; readonly origin: string; readonly version: string };
  /** Why none opens, with what to do. */
  readonly problem?: string;
  /** The command that mends it. */
  readonly remedy?: string;
  /** Vector instructions of this CPU that TensorFlow uses, where they can be listed. */
  readonly cpuFeatures: readonly string[];
  readonly cacheFolder: string;
}

const FEATURES = ["sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_vnni", "amx_tile", "asimd"];

/**
 * Looks for the C library of TensorFlow everywhere and opens the one that a model would be loaded
 * with. For a doctor command. Never throws for a library that is missing or does not open.
 */
export async function libraryReport(path?: string): Promise<LibraryReport> {
  const places: LibraryPlace[] = [];
  for (const candidate of libraryCandidates(path)) {
    places.push({ origin: candidate.origin, ...(await candidate.locate()) });
  }
  const facts = {
    ...{ name: "TensorFlow", places, cacheFolder: cacheFolder() },
    cpuFeatures: await cpuFeatures(),
  };
  try {
    const { library } = await openTensorFlow(path);
    const { path: file, origin, version } = library;
    return { ...facts, opened: { path: file, origin, version } };
  } catch (error) {
    return { ...facts, problem: messageOf(error), remedy: "npx serving-kit install tensorflow" };
  }
}

async function cpuFeatures(): Promise<readonly string[]> {
  const text = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  const flags = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1]?.split(" "));
  return FEATURES.filter((feature) => flags.has(feature));
}
