import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, isAbsolute, join, resolve } from "node:path";

type Environment = Readonly<NodeJS.ProcessEnv>;

/**
 * Returns the absolute paths of an environment's Pythons: first the active virtual environment's, then `python3` and
 * `python` in the absolute folders on PATH.
 */
export function pythonPrograms(env: Environment = process.env): readonly string[] {
  const isWindows = process.platform === "win32";
  const inEnvironment = isWindows ? "Scripts/python.exe" : "bin/python";
  const { VIRTUAL_ENV } = env;
  return [
    ...(VIRTUAL_ENV && isAbsolute(VIRTUAL_ENV) ? [join(VIRTUAL_ENV, inEnvironment)] : []),
    ...(isWindows ? ["python"] : ["python3", "python"]).flatMap((name) => findProgram(name, env)),
  ];
}

/** Returns the first program of a name in the absolute folders on PATH, as a list of at most one. */
export function findProgram(name: string, env: Environment = process.env): readonly string[] {
  const path = env.PATH ?? env.Path ?? "";
  const file = process.platform === "win32" ? `${name}.exe` : name;
  const found = path
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, file))
    .find((candidate) => existsSync(candidate));
  return found === undefined ? [] : [found];
}

/** The working directory and environment to run Python in. Dispose it after the run. */
export interface PythonSurroundings extends AsyncDisposable {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Makes surroundings in which Python imports nothing from the working directory of this process: an empty working
 * directory, no relative entry in PYTHONPATH, and PYTHONSAFEPATH (Python 3.11). Python still finds the user's site
 * packages.
 */
export async function pythonSurroundings(
  env: Environment = process.env,
): Promise<PythonSurroundings> {
  const cwd = await mkdtemp(join(resolve(tmpdir()), "serving-kit-python-"));
  const { PYTHONPATH = "", ...others } = env;
  const absolute = PYTHONPATH.split(delimiter).filter(isAbsolute);
  return {
    cwd,
    env: {
      ...others,
      ...(absolute.length > 0 && { PYTHONPATH: absolute.join(delimiter) }),
      PYTHONSAFEPATH: "1",
    },
    [Symbol.asyncDispose]: () => rm(cwd, { recursive: true, force: true }),
  };
}
