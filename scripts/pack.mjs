import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pnpm } from "./npx.mjs";
import { showProgress } from "./progress.mjs";
import { root } from "./workspace.mjs";

/** The folders of all packages that are published, the platform packages among them. */
export function packageFolders() {
  const folders = (parent) =>
    readdirSync(join(root, parent), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${parent}/${name}`);
  return [...folders("packages"), ...folders("packages/servable-tflite/npm")];
}

async function step(label, args) {
  const end = showProgress(label);
  const { code, output } = await pnpm(args);
  end(code === 0 ? "done" : "failed");
  if (code !== 0) throw new Error(`${label} failed:\n${output}`);
}

/** Builds every package and packs it into `folder`; `workspace:` ranges become versions. */
export async function buildAndPack(folder) {
  await step("building all packages", ["--recursive", "--filter=./packages/*", "run", "build"]);
  await step("packing all packages", [
    "--recursive",
    "--filter=./packages/**",
    "pack",
    "--pack-destination",
    folder,
  ]);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".tgz"))
    .map((name) => join(folder, name));
}
