import { access, constants } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { errors } from "./errors.js";

type Environment = Readonly<NodeJS.ProcessEnv>;

/**
 * Returns the absolute path of the interpreter: the given one, that of VIRTUAL_ENV, or `python3` from the absolute
 * folders on PATH. The working directory is never searched. Symlinks are not resolved, because the path identifies a
 * virtual environment.
 *
 * @throws ServingError FAILED_PRECONDITION / PYTHON_NOT_FOUND; UNIMPLEMENTED / PYTHON_UNSUPPORTED on Windows.
 */
export async function findInterpreter(
  given: string | undefined,
  env: Environment = process.env,
): Promise<string> {
  if (process.platform === "win32") throw errors.systemUnsupported();
  const { VIRTUAL_ENV } = env;
  if (given === undefined && VIRTUAL_ENV && isAbsolute(VIRTUAL_ENV)) {
    return executable(join(VIRTUAL_ENV, "bin/python"));
  }
  const name = given ?? "python3";
  return isAbsolute(name) ? executable(name) : onPath(name, env);
}

async function executable(path: string): Promise<string> {
  try {
    await access(path, constants.X_OK);
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw errors.interpreterMissing(
      path,
      code === "ENOENT" ? "there is none" : `it cannot be run (${code})`,
    );
  }
}

async function onPath(name: string, { PATH = "" }: Environment): Promise<string> {
  for (const folder of PATH.split(delimiter).filter(isAbsolute)) {
    const path = join(folder, name);
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  throw errors.interpreterMissing(`${name} in a folder of PATH`, "there is none");
}
