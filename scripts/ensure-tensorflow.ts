import { pathToFileURL } from "node:url";
import { isServingError, messageOf } from "../packages/core/src/index.js";
import type { InstallLibraryOptions } from "../packages/inference/src/index.js";
import {
  examineTensorFlow,
  INSTALL_COMMAND,
  installTensorFlow,
} from "../packages/servable-tensorflow/src/index.js";

/**
 * Makes sure that libtensorflow is there: installs it where none opens. Gives undefined when it is,
 * else in a few words why not. It is opened in another process, so that one that is built for another
 * CPU does not end this one.
 */
export async function ensureTensorFlow(
  options: InstallLibraryOptions,
): Promise<string | undefined> {
  const { opened, problem = "", remedy = "" } = await examineTensorFlow(undefined, options.signal);
  if (opened) return undefined;
  // A path that a user named hides whatever would be installed.
  if (remedy !== INSTALL_COMMAND) return `${firstOf(problem)}; ${remedy}`;
  try {
    const { library } = await installTensorFlow(options);
    const installed = await examineTensorFlow(library, options.signal);
    return installed.opened ? undefined : firstOf(installed.problem ?? "");
  } catch (error) {
    // The cause is the problem without what can be done by hand; pip's last line says the most.
    const reason = isServingError(error) && error.cause ? error.cause : error;
    const lastLine = messageOf(reason).trim().split("\n").at(-1);
    return `libtensorflow cannot be installed: ${lastLine}`;
  }
}

/** The first of the places that were tried, which is the one that a user named; else the first line. */
function firstOf(problem: string): string {
  const lines = problem.split("\n");
  return lines.find((line) => line.startsWith("  - "))?.slice(4) ?? lines[0] ?? "";
}

// As a program: gets it within the milliseconds of its argument, or prints why not and ends with 1.
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const signal = AbortSignal.timeout(Number(process.argv[2]));
  const reason = await ensureTensorFlow({ signal });
  if (reason !== undefined) process.stdout.write(`${reason}\n`);
  process.exitCode = reason === undefined ? 0 : 1;
}
