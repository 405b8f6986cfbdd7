import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sourceFlags } from "../scripts/source-flags.mjs";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));

/** A checkout of another commit, with its packages built. */
export interface BaselineCheckout {
  readonly folder: string;
  /** The commit, abbreviated. */
  readonly commit: string;
}

/**
 * Checks a commit out below `.cache`, installs it and builds packages of it by its own scripts; the first
 * time takes a minute.
 *
 * @param ref a commit, branch or tag of git.
 * @param packages by folder in `packages`.
 */
export async function baselineCheckout(
  ref: string,
  packages: readonly string[],
): Promise<BaselineCheckout> {
  const git = (...args: string[]) => run("git", args, { cwd: root });
  const commit = (await git("rev-parse", "--short", `${ref}^{commit}`)).stdout.trim();
  const folder = join(root, ".cache/baseline", commit);
  if (!existsSync(folder)) await git("worktree", "add", "--detach", folder, commit);
  await run(process.execPath, ["scripts/install.mjs"], { cwd: folder });
  // Older commits have it in JavaScript.
  const build = ["scripts/build.ts", "scripts/build.mjs"].find((path) =>
    existsSync(join(folder, path)),
  );
  const program = `
    const { ensureBuilt } = await import(${JSON.stringify(`./${build}`)});
    await ensureBuilt(${JSON.stringify(packages)}, { types: false });`;
  await run(process.execPath, [...sourceFlags, "--input-type=module", "--eval", program], {
    cwd: folder,
  });
  return { folder, commit };
}
