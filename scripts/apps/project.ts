import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installLines, type Packed } from "../pack.js";
import { run } from "../run.mjs";
import { root } from "../workspace.mjs";

const QUIET = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];

/** The packed kit, or why it cannot be packed here. */
export type PackedKit = (Packed & { readonly problem?: undefined }) | { readonly problem: string };

/** A project that uses the packed kit. */
export interface Project {
  readonly folder: string;
  /** Why its npm packages cannot be had, in a few words. */
  readonly problem?: string;
}

/**
 * Makes a project in a temporary folder: npm packages by name, then the packed kit as `npm run pack` prints it,
 * and the digits model.
 *
 * @throws Error if the kit cannot be installed.
 */
export async function makeProject(
  packed: PackedKit,
  packages: readonly string[],
): Promise<Project> {
  if (packed.problem !== undefined) return { folder: "", problem: packed.problem };
  const folder = mkdtempSync(join(tmpdir(), "serving-kit-app-"));
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  cpSync(join(root, "examples/models/digits"), join(folder, "models/digits"), { recursive: true });
  const { code, output } = await run("npm", ["install", ...QUIET, ...packages], { cwd: folder });
  if (code !== 0)
    return { folder, problem: `npm install ${packages.join(" ")}: ${lastLine(output)}` };
  for (const line of installLines(packed).npm) {
    const installed = await run("sh", ["-c", `${line} ${QUIET.join(" ")}`], { cwd: folder });
    if (installed.code !== 0) throw new Error(`${line} failed:\n${installed.output}`);
  }
  return { folder };
}

const lastLine = (output: string) => output.trim().split("\n").at(-1) ?? "";

/** Removes the folder of a project. */
export const removeProject = ({ folder }: Project) =>
  rmSync(folder, { recursive: true, force: true });
