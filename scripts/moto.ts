import { execFile } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The path of moto's server, or the reason why it cannot be had. */
export type FoundMoto =
  | { readonly path: string; readonly reason?: undefined }
  | { readonly path?: undefined; readonly reason: string };

/**
 * Finds moto's server, which represents AWS in tests. The first time pip installs it into the cache folder, 300 MB; that
 * needs a Python with venv (SERVING_KIT_PYTHON, default python3).
 *
 * @param timeoutMs Limit for the installation.
 */
export async function ensureMoto(timeoutMs: number): Promise<FoundMoto> {
  const {
    SERVING_KIT_MOTO,
    SERVING_KIT_PYTHON: python = "python3",
    SERVING_KIT_CACHE,
  } = process.env;
  if (SERVING_KIT_MOTO) return { path: SERVING_KIT_MOTO };
  if (process.platform === "win32") return { reason: "its tests run on Linux and macOS" };
  const folder = join(SERVING_KIT_CACHE ?? join(homedir(), ".cache/serving-kit"), "stores/moto");
  const path = join(folder, "bin/moto_server");
  const mark = join(folder, "installed");
  if (existsSync(mark)) return { path };
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    rmSync(folder, { recursive: true, force: true });
    await run(python, ["-m", "venv", folder], { signal });
    const pip = ["-m", "pip", "install", "--quiet", "moto[server]==5.*"];
    await run(join(folder, "bin/python"), pip, { signal });
    writeFileSync(mark, "");
    return { path };
  } catch (error) {
    const { stderr, message } = error as Error & { readonly stderr?: string };
    const reason = (stderr || message).trim().split("\n").at(-1) ?? "";
    return { reason };
  }
}
