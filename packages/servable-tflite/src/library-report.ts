import { examineLibrary, type LibraryReport, reportLibrary } from "@serving-kit/native-library";
import { canaryModule } from "./canary-module.js";
import { libraryCandidates, libraryRemedy, openTflite } from "./native/library.js";

/**
 * Searches for the C library of TensorFlow Lite and opens the one that a model would use: the library at `path`, else
 * at the environment's `SERVING_KIT_TFLITE_LIBRARY`, else of the npm packages for this platform (2.21, then 2.9), else
 * in the cache folder. Never throws for a library that is missing or does not open.
 */
export function libraryReport(path?: string): Promise<LibraryReport> {
  return reportLibrary({
    name: "TensorFlow Lite",
    candidates: libraryCandidates(path),
    open: async () => (await openTflite(path)).library,
    remedy: libraryRemedy,
  });
}

/** Same as `libraryReport`, after a child process has opened the library. Never rejects. */
export function examineTflite(library?: string, signal?: AbortSignal): Promise<LibraryReport> {
  const name = "TensorFlow Lite";
  return examineLibrary({ name, module: canaryModule, library, signal, report: libraryReport });
}
