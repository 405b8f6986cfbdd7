import { readFile } from "node:fs/promises";
import { messageOf } from "@serving-kit/core";
import { runInCanary } from "./canary.js";
import type { LibraryCandidate } from "./library-candidate.js";
import type { NativeLibrary } from "./native-library.js";

/** One place where a library may be, and what was found there. */
export interface LibraryPlace {
  /** The place in words, such as `Python package tensorflow`. */
  readonly origin: string;
  /** The path of the library, if there is one. */
  readonly path?: string;
  /** Why there is none. */
  readonly missing?: string;
}

/** The state of a library on this machine. */
export interface LibraryReport {
  /** The name of the library, such as `TensorFlow Lite`. */
  readonly name: string;
  /** All places, in order of precedence. */
  readonly places: readonly LibraryPlace[];
  /** The library that opens. Absent if none does. */
  readonly opened?: Pick<NativeLibrary, "path" | "origin" | "version" | "attempts">;
  /** Why none opens. */
  readonly problem?: string;
  /** The remedy: a command or a sentence. Present if none opens. */
  readonly remedy?: string;
  /** The libraries that were found but are not used, one per line, with the reason. */
  readonly notes: readonly string[];
  /** Vector instructions of this CPU that such libraries use, if they can be listed. */
  readonly cpuFeatures: readonly string[];
}

/** Options of `reportLibrary`. */
export interface LibraryReportOptions {
  readonly name: string;
  readonly candidates: readonly LibraryCandidate[];
  /** Opens the library as a model would. */
  readonly open: () => Promise<NativeLibrary>;
  /** The remedy if no library is found. */
  readonly remedy: string;
}

const FEATURES = ["sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_vnni", "amx_tile", "asimd"];

/**
 * Searches all places for a library and opens the one that a model would use. For a doctor command. Never throws for a
 * library that is missing or does not open.
 */
export async function reportLibrary(options: LibraryReportOptions): Promise<LibraryReport> {
  const { name, candidates, open } = options;
  const places: LibraryPlace[] = [];
  for (const { origin, locate } of candidates) places.push({ origin, ...(await locate()) });
  const facts = { name, places, cpuFeatures: await cpuFeatures() };
  try {
    const { path, origin, version, attempts } = await open();
    const opened = { path, origin, version, attempts };
    return { ...facts, opened, notes: notUsed(opened, places) };
  } catch (error) {
    // No candidate is tried after one that the user named, so installing another library would not help.
    const named = candidates.find(({ isExplicit }) => isExplicit);
    const remedy = named ? `correct the path in ${named.origin}, or leave it out` : options.remedy;
    return { ...facts, notes: [], problem: messageOf(error), remedy };
  }
}

/** A library to report on, after a child process has tried to open it. */
export interface LibraryExamination {
  /** The name of the library, such as `TensorFlow Lite`. */
  readonly name: string;
  /** The URL of a module whose export `tryLibrary` opens the library at a path, or the one that it finds. */
  readonly module: string;
  readonly library: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** Reports on the library in this process. */
  readonly report: (library?: string) => Promise<LibraryReport>;
}

/** Opening a library of 1 GB from a cold disk is slow. */
const OPEN_TIMEOUT_MS = 120_000;

/**
 * Reports on a library after a child process has opened it, because a library that was built for another CPU kills the
 * process that opens it. Never rejects. If the signal aborts, the report has that as its problem.
 */
export async function examineLibrary(examination: LibraryExamination): Promise<LibraryReport> {
  const { name, module, library, signal, report } = examination;
  try {
    await runInCanary({
      ...{ what: `opening the ${name} library`, module, exportName: "tryLibrary" },
      ...{ argument: library, timeoutMs: OPEN_TIMEOUT_MS },
      ...(signal && { signal }),
    });
    return await report(library);
  } catch (error) {
    return {
      ...{ name, places: [], notes: [], cpuFeatures: [], problem: messageOf(error) },
      remedy: "set the environment variable that names another build of the library for this CPU",
    };
  }
}

/** Lists the places before and after the library that opens, one per line. */
function notUsed(
  { origin, attempts }: NonNullable<LibraryReport["opened"]>,
  places: readonly LibraryPlace[],
): string[] {
  // A variable that is not set says nothing about the choice.
  const before = attempts.filter(({ outcome }) => outcome !== "is not set");
  const tried = new Set([origin, ...before.map((attempt) => attempt.origin)]);
  const after = places.filter((place) => place.path !== undefined && !tried.has(place.origin));
  return [
    ...before.map((attempt) => `not used: ${attempt.origin}: ${attempt.outcome}`),
    ...after.map((place) => `not used: ${place.path} (${place.origin})`),
  ];
}

async function cpuFeatures(): Promise<readonly string[]> {
  const text = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  const flags = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1]?.trim().split(" "));
  return FEATURES.filter((feature) => flags.has(feature));
}
