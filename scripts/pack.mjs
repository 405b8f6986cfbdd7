import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build, withDependencies } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { pnpm } from "./npx.mjs";
import { isPlaceholder, placeholderMessage } from "./project.mjs";
import { runNode } from "./run.mjs";
import { sbomOf } from "./sbom.mjs";
import { sourceFlags } from "./source-flags.mjs";
import { showStep } from "./step-timer.mjs";
import { publishedPackages, readJson, root } from "./workspace.mjs";

// `npm run pack [-- FOLDER]`: packs all packages, and prints how a project installs them. Until the packages
// are in a registry, this is how to get them.

const DEFAULT_FOLDER = "packed";
/** The packages with a native library each, by platform. */
const PLATFORM_PACKAGES = ["servable-tflite", "servable-onnx"];
const OVERRIDES = "overrides.yaml";
/** The bill of materials of the packages: CycloneDX. */
const SBOM = "sbom.cdx.json";

/**
 * The packed packages, as paths: the package `serving-kit` with those that it needs, the
 * `platforms` with native libraries, and all others.
 *
 * @typedef {{ folder: string, kit: string[], platforms: string[], more: string[] }} Packed
 */

/** The folders of all packages that are published, by where their tarballs go. */
function groups() {
  const kit = withDependencies(["serving-kit"]);
  const all = publishedPackages().map(({ folder }) => folder);
  const platforms = PLATFORM_PACKAGES.flatMap((name) => {
    const folder = `packages/${name}/npm`;
    const entries = readdirSync(join(root, folder), { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => `${folder}/${entry.name}`);
  });
  return { kit, platforms, more: all.filter((folder) => !kit.includes(folder)) };
}

const subfolders = { kit: ".", platforms: "platforms", more: "more" };

function tarballOf(packageFolder) {
  const { name, version } = readJson(`${packageFolder}/package.json`);
  return { name, file: `${name.replace("@", "").replace("/", "-")}-${version}.tgz` };
}

/** Downloads the native libraries for all platforms, where one is missing. */
export async function fillPlatformPackages() {
  for (const name of PLATFORM_PACKAGES) {
    const end = showStep(`fetching the libraries of ${name} for all platforms`);
    const script = `packages/${name}/scripts/platform-packages.mjs`;
    const { code, output } = await runNode([...sourceFlags, script, "--all"]);
    end(code === 0 ? "done" : "failed");
    if (code !== 0) throw new Error(`filling the platform packages failed:\n${output}`);
  }
}

async function packInto(folder) {
  const end = showStep("packing all packages");
  const packages = "--filter=./packages/**";
  const { code, output } = await pnpm(["-r", packages, "pack", "--pack-destination", folder]);
  end(code === 0 ? "done" : "failed");
  if (code !== 0) throw new Error(`packing all packages failed:\n${output}`);
}

/** Makes the folder, without the packages of an earlier run; nothing else in it is touched. */
function prepare(folder) {
  for (const subfolder of Object.values(subfolders)) {
    const path = join(folder, subfolder);
    mkdirSync(path, { recursive: true });
    const tarballs = readdirSync(path).filter((name) => /^serving-kit-.*\.tgz$/.test(name));
    for (const name of tarballs) rmSync(join(path, name));
  }
}

/**
 * Fills the platform packages, builds all packages and packs them into `folder`; `workspace:` ranges become
 * versions. For the options see `build`.
 *
 * @param {{ types?: boolean }} options
 * @returns {Promise<Packed>}
 */
export async function buildAndPack(folder, options) {
  await fillPlatformPackages();
  const folders = publishedPackages().map(({ folder: path }) => path);
  await build(folders, options);
  prepare(folder);
  await packInto(folder);
  const packed = { folder };
  const overrides = [];
  for (const [group, packageFolders] of Object.entries(groups())) {
    packed[group] = packageFolders.map((packageFolder) => {
      const { name, file } = tarballOf(packageFolder);
      const path = join(folder, subfolders[group], file);
      renameSync(join(folder, file), path);
      if (name.startsWith("@")) overrides.push(`  "${name}": "file:${path}"\n`);
      return path;
    });
  }
  const sbom = sbomOf(Object.values(groups()).flat());
  writeFileSync(join(folder, SBOM), `${JSON.stringify(sbom, null, 2)}\n`);
  writeFileSync(join(folder, OVERRIDES), `overrides:\n${overrides.join("")}`);
  return packed;
}

const quoted = (path) => (/^[\w./:\\-]+$/.test(path) ? path : `"${path}"`);

/** All tarballs of a folder as a shell writes them; cmd.exe and PowerShell expand no pattern for npm. */
const allOf = (paths) =>
  process.platform === "win32" ? paths.map(quoted).join(" ") : `${quoted(dirname(paths[0]))}/*.tgz`;

/**
 * The command lines that install `serving-kit` and the packages that it needs into a project. The platform
 * packages come first: then no package manager asks a registry for them.
 */
export const installLines = ({ folder, kit, platforms }) => ({
  npm: [`npm install --save-optional ${allOf(platforms)}`, `npm install ${allOf(kit)}`],
  pnpm: [
    `${process.platform === "win32" ? "type" : "cat"} ${quoted(join(folder, OVERRIDES))} >> pnpm-workspace.yaml`,
    `pnpm add ${allOf(kit)}`,
  ],
});

function describePacked(packed) {
  const { npm, pnpm } = installLines(packed);
  const indent = (lines) => lines.map((line) => `  ${line}`);
  const more = packed.more.map((path) => basename(path)).join(", ");
  return [
    `${packed.kit.length + packed.platforms.length + packed.more.length} packages are in ${packed.folder}, and what they are made of in ${SBOM} there.`,
    "",
    "In the folder of a project, with npm:",
    "",
    ...indent(npm),
    "",
    "or with pnpm 10 or newer (if pnpm-workspace.yaml has `overrides`, add the lines to them by hand):",
    "",
    ...indent(pnpm),
    "",
    "The command is then node_modules/.bin/serving-kit, or `serving-kit` in a script of package.json.",
    `Install these in the same way if you need them, from ${join(packed.folder, "more")}: ${more}`,
    "",
  ].join("\n");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    await ensureInstalled();
    const folder = process.argv[2] ? resolve(process.argv[2]) : join(root, DEFAULT_FOLDER);
    process.stdout.write(describePacked(await buildAndPack(folder)));
    if (isPlaceholder()) process.stderr.write(`warning: ${placeholderMessage}\n`);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
