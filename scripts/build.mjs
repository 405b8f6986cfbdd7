import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { pnpm } from "./npx.mjs";
import { showProgress } from "./progress.mjs";
import { root } from "./workspace.mjs";

/** Whether the `dist` of a package is older than a source of it, or is not there. */
function isStale(folder) {
  const built = join(root, folder, "dist/index.d.ts");
  if (!existsSync(built)) return true;
  const builtAt = statSync(built).mtimeMs;
  const sources = readdirSync(join(root, folder, "src"), { recursive: true });
  return sources.some((name) => statSync(join(root, folder, "src", name)).mtimeMs > builtAt);
}

/**
 * Builds those of the packages whose `dist` is out of date.
 *
 * @param {readonly string[]} names folders in `packages`, such as `core`
 */
export async function ensureBuilt(names) {
  const stale = names.map((name) => `packages/${name}`).filter(isStale);
  if (stale.length === 0) return;
  const end = showProgress(`building ${stale.join(", ")}`);
  const filters = stale.map((folder) => `--filter=./${folder}`);
  const { code, output } = await pnpm(["--recursive", ...filters, "run", "build"]);
  end(code === 0 ? "done" : "failed");
  if (code !== 0) throw new Error(`building ${stale.join(", ")} failed:\n${output}`);
}
