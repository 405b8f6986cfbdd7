import { type LibraryReport, reportLibrary } from "@serving-kit/native-library";
import { libraryCandidates, openTensorFlow } from "./native/library.js";

/**
 * Looks for the C library of TensorFlow everywhere and opens the one that a model would be loaded
 * with. Never throws for a library that is missing or does not open.
 */
export function libraryReport(path?: string): Promise<LibraryReport> {
  return reportLibrary({
    name: "TensorFlow",
    candidates: libraryCandidates(path),
    open: async () => (await openTensorFlow(path)).library,
    remedy: "npx serving-kit install tensorflow",
  });
}
