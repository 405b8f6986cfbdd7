import { libraryReport } from "./library-report.js";

/** Opens the library: what a canary process runs. A second entry of the build. */
export async function tryLibrary(path?: string): Promise<void> {
  await libraryReport(path);
}
