import { existsSync, readdirSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { LibraryCandidate, Located } from "./library-candidate.js";
import { pythonPrograms, pythonSurroundings } from "./python.js";

const TIMEOUT_MS = 10_000;

// Finds the folder of a module without importing it: importing TensorFlow takes seconds.
const FIND_MODULE = `
import importlib.util, os, sys
sys.path[:] = filter(os.path.isabs, sys.path)
spec = importlib.util.find_spec(sys.argv[1])
print((spec.submodule_search_locations or [""])[0] if spec else "")
`;

/** A file in a module's folder: its path, or a subfolder and a pattern for its name, which may contain a version. */
export type ModuleFile = string | { readonly folder: string; readonly name: RegExp };

/**
 * A file of a Python package, installed in the active virtual environment, else for the `python3` or `python` on PATH.
 * `files` are relative to the module's folder.
 */
export function pythonPackage(module: string, files: readonly ModuleFile[]): LibraryCandidate {
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
        const path = files.map((file) => findFile(folder, file)).find(Boolean);
        if (path !== undefined) return { path };
        seen.push(`${folder} has no ${files.map(nameOf).join(" or ")}`);
      }
      return { missing: seen.join("; ") };
    },
  };
}

const nameOf = (file: ModuleFile) =>
  typeof file === "string" ? file : `${file.folder}/${file.name.source}`;

function findFile(module: string, file: ModuleFile): string | undefined {
  if (typeof file === "string") {
    const path = join(module, file);
    return existsSync(path) ? path : undefined;
  }
  const folder = join(module, file.folder);
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const name = names.find((name) => file.name.test(name));
  return name === undefined ? undefined : join(folder, name);
}

/** Returns the folder of an installed Python module; undefined if no Python has it. See `pythonPackage`. */
export async function pythonModuleFolder(module: string): Promise<string | undefined> {
  for (const python of pythonPrograms()) {
    const folder = await moduleFolder(python, module);
    if (folder) return folder;
  }
  return undefined;
}

/** Returns the folder of a module, "" if Python does not have it, undefined if Python does not run. */
async function moduleFolder(python: string, module: string): Promise<string | undefined> {
  await using surroundings = await pythonSurroundings();
  const { cwd, env } = surroundings;
  const options = { cwd, env, timeout: TIMEOUT_MS, windowsHide: true };
  // Loaded on demand: Python is the last place to search.
  const { execFile } = await import("node:child_process");
  // Awaited here: the folder is removed when this function returns.
  return await new Promise((resolve) => {
    execFile(python, ["-c", FIND_MODULE, module], options, (error, stdout) => {
      const folder = stdout.trim();
      resolve(error ? undefined : isAbsolute(folder) ? folder : "");
    });
  });
}
