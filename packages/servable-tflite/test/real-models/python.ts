import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const FIND = "import importlib.util as u,sys;sys.exit(not all(map(u.find_spec,sys.argv[1:])))";
const MODULES = ["ai_edge_litert", "tensorflow", "tf_keras"];

/**
 * A Python with the packages of requirements.txt: SERVING_KIT_PYTHON if it has them, else a virtual
 * environment in the given folder, which is made the first time.
 */
export function findPython(folder: string): string {
  const given = process.env.SERVING_KIT_PYTHON;
  if (given && spawnSync(given, ["-c", FIND, ...MODULES]).status === 0) return given;
  const python = join(
    folder,
    "venv",
    process.platform === "win32" ? "Scripts/python.exe" : "bin/python",
  );
  if (!existsSync(python) || spawnSync(python, ["-c", FIND, ...MODULES]).status !== 0) {
    mkdirSync(folder, { recursive: true });
    execFileSync("python3", ["-m", "venv", join(folder, "venv")], { stdio: "inherit" });
    const install = ["-m", "pip", "install", "--quiet", "-r", join(HERE, "requirements.txt")];
    execFileSync(python, install, { stdio: "inherit" });
  }
  return python;
}

/** Runs a program of this folder, which prints what it does. Throws if it fails. */
export function runPython(python: string, program: string, args: readonly string[]): void {
  const { status } = spawnSync(python, [join(HERE, program), ...args], { stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error(`${program} failed with exit code ${status}`);
}
