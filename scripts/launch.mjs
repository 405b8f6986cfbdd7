import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { describeError } from "./describe-error.mjs";
import { ensureInstalled, libraryNames } from "./install.mjs";
import { isProgram } from "./workspace.mjs";

/**
 * Installs what is missing, then runs a program in TypeScript from source. It runs in this process, so that it gets the
 * signals of the terminal. Node must have been started with `--conditions=@serving-kit/source` if the program imports
 * packages of the workspace.
 *
 * @param {string} program its path, relative to the current folder
 * @param {Parameters<typeof ensureInstalled>[0]} [options] the libraries that it needs
 */
export async function launch(program, options) {
  await ensureInstalled(options);
  const { register } = await import("tsx/esm/api");
  register();
  await import(pathToFileURL(resolve(program)).href);
}

// As a program: `node scripts/launch.mjs [--library=tflite]… PROGRAM …`. The program finds its arguments where node would
// have put them. Without `--library` it may need any.
async function main() {
  const [node = "", , ...args] = process.argv;
  const at = args.findIndex((arg) => !arg.startsWith("--"));
  const [program = "", ...rest] = args.slice(at);
  const { values } = parseArgs({
    args: args.slice(0, at),
    options: { library: { type: "string", multiple: true } },
  });
  const libraries = libraryNames.filter((name) => values.library?.includes(name) ?? true);
  process.argv = [node, resolve(program), ...rest];
  await launch(program, { libraries });
}

if (isProgram(import.meta.url)) {
  await main().catch((error) => {
    process.stderr.write(`${describeError(error)}\n`);
    process.exitCode = 1;
  });
}
