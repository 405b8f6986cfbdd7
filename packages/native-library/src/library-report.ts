import { readFile } from "node:fs/promises";
import { messageOf } from "@serving-kit/core";
import type { LibraryCandidate } from "./library-candidate.js";
import type { NativeLibrary } from "./native-library.js";

/** One place where a library is looked for, and what is there. */
export interface LibraryPlace {
  /** The place in words, such as `Python package tensorflow`. */
  readonly origin: string;
  /** The library, where there is one. */
  readonly path?: string;
  /** Why there is none. */
  readonly missing?: string;
}

/** What is known of a library on this machine. */
export interface LibraryReport {
  /** The library in words, such as `TensorFlow Lite`. */
  readonly name: string;
  /** All places, in the order in which they are tried. */
  readonly places: readonly LibraryPlace[];
  /** The one that opens. */
  readonly opened?: Pick<NativeLibrary, "path" | "origin" | "version" | "attempts">;
  /** Why none opens. */
  readonly problem?: string;
  /** What mends it: a command or a sentence. Present when none opens. */
  readonly remedy?: string;
  /** Vector instructions of this CPU that such libraries use, where they can be listed. */
  readonly cpuFeatures: readonly string[];
}

/** What a report is made of. */
export interface LibraryReportOptions {
  readonly name: string;
  readonly candidates: readonly LibraryCandidate[];
  /** Opens the library as a model would. */
  readonly open: () => Promise<NativeLibrary>;
  /** What mends it when no library is there. */
  readonly remedy: string;
}

const FEATURES = ["sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_vnni", "amx_tile", "asimd"];

/**
 * Looks for a library everywhere and opens the one that a model would be loaded with. For a doctor
 * command. Never throws for a library that is missing or does not open.
 */
export async function reportLibrary(options: LibraryReportOptions): Promise<LibraryReport> {
  const { name, candidates, open } = options;
  const places: LibraryPlace[] = [];
  for (const { origin, locate } of candidates) places.push({ origin, ...(await locate()) });
  const facts = { name, places, cpuFeatures: await cpuFeatures() };
  try {
    const { path, origin, version, attempts } = await open();
    return { ...facts, opened: { path, origin, version, attempts } };
  } catch (error) {
    // Nothing is tried after what a user named, so installing another one would not help.
    const named = candidates.find(({ isExplicit }) => isExplicit);
    const remedy = named ? `correct the path in ${named.origin}, or leave it out` : options.remedy;
    return { ...facts, problem: messageOf(error), remedy };
  }
}

async function cpuFeatures(): Promise<readonly string[]> {
  const text = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  const flags = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1]?.trim().split(" "));
  return FEATURES.filter((feature) => flags.has(feature));
}
