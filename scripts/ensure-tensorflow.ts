import { pathToFileURL } from "node:url";
import { isServingError, messageOf } from "../packages/core/src/index.js";
import {
  type InstallOptions,
  installTensorFlow,
  libraryReport,
} from "../packages/servable-tensorflow/src/index.js";

/**
 * Makes sure that libtensorflow is there: installs it where none opens. Gives undefined when it is,
 * else in a few words why not.
 */
export async function ensureTensorFlow(options: InstallOptions): Promise<string | undefined> {
  const { opened, problem = "", remedy = "" } = await libraryReport();
  if (opened) return undefined;
  // A path that a user named hides whatever would be installed.
  if (!remedy.startsWith("npx ")) return `${lineOf(problem, 0)} (${remedy})`;
  try {
    await installTensorFlow(options);
    return undefined;
  } catch (error) {
    // The cause is the problem without what can be done by hand; pip's last line says the most.
    const reason = isServingError(error) && error.cause ? error.cause : error;
    return `libtensorflow cannot be installed: ${lineOf(messageOf(reason), -1)}`;
  }
}

const lineOf = (text: string, index: number) => text.trim().split("\n").at(index) ?? "";

// As a program: gets it within the milliseconds of its argument, or prints why not and ends with 1.
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const signal = AbortSignal.timeout(Number(process.argv[2]));
  const reason = await ensureTensorFlow({ signal });
  if (reason !== undefined) process.stdout.write(`${reason}\n`);
  process.exitCode = reason === undefined ? 0 : 1;
}
