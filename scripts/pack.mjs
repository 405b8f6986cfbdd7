import { readdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { pnpm } from "./npx.mjs";
import { showProgress } from "./progress.mjs";
import { publishedPackages, root } from "./workspace.mjs";

/** The folders of all packages that are published, the platform packages among them. */
export function packageFolders() {
  const folders = (parent) =>
    readdirSync(join(root, parent), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${parent}/${name}`);
  return [...folders("packages"), ...folders("packages/servable-tflite/npm")];
}

/** Builds every package and packs it into `folder`; `workspace:` ranges become versions. */
export async function buildAndPack(folder) {
  await build(publishedPackages().map(({ folder: path }) => path));
  const end = showProgress("packing all packages");
  const { code, output } = await pnpm([
    "--recursive",
    "--filter=./packages/**",
    "pack",
    "--pack-destination",
    folder,
  ]);
  end(code === 0 ? "done" : "failed");
  if (code !== 0) throw new Error(`packing all packages failed:\n${output}`);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".tgz"))
    .map((name) => join(folder, name));
}
