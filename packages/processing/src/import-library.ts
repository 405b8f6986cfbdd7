import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { errors } from "./errors.js";

/**
 * Imports an optional library, resolved from this package or from the working directory.
 *
 * @throws ServingError FAILED_PRECONDITION / PROCESSING_LIBRARY_MISSING with the command that installs it.
 */
export async function importLibrary<T>(
  name: string,
  what: string,
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const path = pathInWorkingDirectory(name);
    if (path !== undefined) return import(pathToFileURL(path).href) as Promise<T>;
    throw errors.libraryMissing(what, name, error);
  }
}

function pathInWorkingDirectory(name: string): string | undefined {
  try {
    return createRequire(join(process.cwd(), "_")).resolve(name);
  } catch {
    return undefined;
  }
}
