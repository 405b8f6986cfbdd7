import { join } from "node:path";
import { messageOf } from "@serving-kit/core";
import type { LibraryReport as PlatformReport } from "@serving-kit/inference";
import { examineLibrary, type LibraryReport, reportLibrary } from "@serving-kit/native-library";
import { canaryModule } from "./canary-module.js";
import { cpuInstructions } from "./cpu-instructions.js";
import { checkInstallation } from "./install/check-installation.js";
import { INSTALL_COMMAND, libraryCandidates, openTensorFlow } from "./native/library.js";
import { findOpLibraries, type OpLibraryPackage } from "./op-libraries.js";

/**
 * Searches for the C library of TensorFlow and opens the one that a model would use: the library at `path`, else at the
 * environment's `SERVING_KIT_TENSORFLOW_LIBRARY`, else the one that is open in the process, else of
 * `@tensorflow/tfjs-node`, else in the cache folder, else of Python's tensorflow. Never throws for a library that is
 * missing or does not open.
 */
export function libraryReport(path?: string): Promise<LibraryReport> {
  return reportLibrary({
    name: "TensorFlow",
    candidates: libraryCandidates(path),
    open: async () => (await openTensorFlow(path)).library,
    remedy: INSTALL_COMMAND,
  });
}

/** Same as `libraryReport`, after a child process has opened the library. Never rejects. */
export function examineTensorFlow(library?: string, signal?: AbortSignal): Promise<LibraryReport> {
  const module = canaryModule;
  return examineLibrary({ name: "TensorFlow", module, library, signal, report: libraryReport });
}

/** The parts of `reportPlatform`. */
export interface ReportTools {
  readonly examine: typeof examineTensorFlow;
  readonly check: typeof checkInstallation;
  readonly findOps: typeof findOpLibraries;
  readonly instructions: typeof cpuInstructions;
}

/**
 * Reports on the library at `library`, or on the one that models find; on the CPU instructions that it uses; on the
 * files that `install` installed; and on the op libraries of Python packages. Never rejects.
 */
export async function reportPlatform(
  library?: string,
  signal?: AbortSignal,
  tools: Partial<ReportTools> = {},
): Promise<PlatformReport> {
  const {
    examine = examineTensorFlow,
    check = checkInstallation,
    findOps = findOpLibraries,
    instructions = cpuInstructions,
  } = tools;
  if (library !== undefined) return examine(library, signal);
  try {
    // Compare the files first: a damaged library may kill the process that opens it.
    const damaged = await damagedPaths(check, signal);
    const report = await examine(undefined, signal);
    const isMendable = damaged.length > 0 && report.opened === undefined;
    const note = report.opened && (await instructions(undefined, signal));
    const ops = (await findOps()).map(describeOps);
    return {
      ...report,
      ...(isMendable && { remedy: INSTALL_COMMAND }),
      ...{ notes: [...(note ? [note] : []), ...report.notes, ...ops], damaged },
    };
  } catch (error) {
    return { name: "TensorFlow", problem: messageOf(error), remedy: INSTALL_COMMAND };
  }
}

async function damagedPaths(
  check: typeof checkInstallation,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const { folder = "", damaged = [] } = (await check(signal ? { signal } : {})) ?? {};
  return damaged.map((name) => join(folder, name));
}

function describeOps({ name, folder, libraries }: OpLibraryPackage): string {
  if (folder === undefined) return `ops of ${name}: not installed`;
  return `ops of ${name}: ${libraries.length} libraries in ${folder}`;
}
