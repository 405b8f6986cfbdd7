import { examineLibrary, type LibraryReport, reportLibrary } from "@serving-kit/native-library";
import { canaryModule } from "./canary-module.js";
import { LIBRARY_REMEDY, libraryCandidates, openOnnxRuntime } from "./native/library.js";

/**
 * Searches for ONNX Runtime and opens the library that a model would use: the library at `path`, else at the
 * environment's `SERVING_KIT_ONNXRUNTIME_LIBRARY`, else the one that is open in the process, else of the npm package
 * for this platform, of onnxruntime-node, in the cache folder, of Python's onnxruntime. Never throws for a library that
 * is missing or does not open.
 */
export function libraryReport(path?: string): Promise<LibraryReport> {
  return reportLibrary({
    name: "ONNX Runtime",
    candidates: libraryCandidates(path),
    open: async () => (await openOnnxRuntime(path)).library,
    remedy: LIBRARY_REMEDY,
  });
}

/** Same as `libraryReport`, after a child process has opened the library. Never rejects. */
export function examineOnnxRuntime(library?: string, signal?: AbortSignal): Promise<LibraryReport> {
  const name = "ONNX Runtime";
  return examineLibrary({ name, module: canaryModule, library, signal, report: libraryReport });
}
