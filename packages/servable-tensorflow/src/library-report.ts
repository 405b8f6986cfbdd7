import { type LibraryReport, reportLibrary } from "@serving-kit/native-library";
import { INSTALL_COMMAND, libraryCandidates, openTensorFlow } from "./native/library.js";

/**
 * Looks for the C library of TensorFlow everywhere and opens the one that a model would be loaded with: that
 * at `path`, else that of the environment's `SERVING_KIT_TENSORFLOW_LIBRARY`, else one that is open in the
 * process, else that of `@tensorflow/tfjs-node`, else that in the cache folder, else that of Python's
 * tensorflow. Never throws for a library that is missing or does not open.
 */
export function libraryReport(path?: string): Promise<LibraryReport> {
  return reportLibrary({
    name: "TensorFlow",
    candidates: libraryCandidates(path),
    open: async () => (await openTensorFlow(path)).library,
    remedy: INSTALL_COMMAND,
  });
}
