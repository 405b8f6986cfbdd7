import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { LibraryCandidate, Located } from "./library-candidate.js";
import { pythonPrograms, pythonSurroundings } from "./python.js";

const TIMEOUT_MS = 10_000;

// Finds where a module lies without importing it: importing TensorFlow takes seconds.
const FIND_MODULE = `
import importlib.util, os, sys
sys.path[:] = filter(os.path.isabs, sys.path)
spec = importlib.util.find_spec(sys.argv[1])
print((spec.submodule_search_locations or [""])[0] if spec else "")
`;

/**
 * A file of a package that is installed in Python: in the active virtual environment, else in the
 * `python3` or `python` on PATH. `files` are paths inside the module's folder.
 */
export function pythonPackage(module: string, files: readonly string[]): LibraryCandidate {
  return {
    origin: `Python package ${module}`,
    async locate(): Promise<Located> {
      const seen: string[] = [];
      for (const python of pythonPrograms()) {
        const folder = await moduleFolder(python, module);
        if (!folder) {
          seen.push(`${python} ${folder === "" ? "does not have it" : "does not run"}`);
          continue;
        }
        const file = files.find((file) => existsSync(join(folder, file)));
        if (file !== undefined) return { path: join(folder, file) };
        seen.push(`${folder} has no ${files.join(" or ")}`);
      }
      return { missing: seen.join("; ") };
    },
  };
}

/** The folder of an installed Python module; undefined if no Python has it. See `pythonPackage`. */
export async function pythonModuleFolder(module: string): Promise<string | undefined> {
  for (const python of pythonPrograms()) {
    const folder = await moduleFolder(python, module);
    if (folder) return folder;
  }
  return undefined;
}

/** The folder of a module, "" if Python does not have it, undefined if Python does not run. */
async function moduleFolder(python: string, module: string): Promise<string | undefined> {
  await using surroundings = await pythonSurroundings();
  const { cwd, env } = surroundings;
  const options = { cwd, env, timeout: TIMEOUT_MS, windowsHide: true };
  // Awaited here: the folder goes when this function returns.
  return await new Promise((resolve) => {
    execFile(python, ["-c", FIND_MODULE, module], options, (error, stdout) => {
      const folder = stdout.trim();
      resolve(error ? undefined : isAbsolute(folder) ? folder : "");
    });
  });
}
