import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type BuildOptions, build, withDependencies } from "./build.js";
import { pnpm } from "./npx.mjs";
import { isPlaceholder, placeholderMessage } from "./project.js";
import { runNode } from "./run.mjs";
import { sbomOf } from "./sbom.js";
import { sourceFlags } from "./source-flags.mjs";
import { showStep } from "./step-timer.mjs";
import { isProgram, publishedPackages, readManifest, root } from "./workspace.mjs";

// `npm run pack [-- FOLDER]`: packs all packages, and prints how a project installs them. Until the packages
// are in a registry, this is how to get them.

const DEFAULT_FOLDER = "packed";
/** The packages with a native library each, by platform. */
const PLATFORM_PACKAGES = ["servable-tflite", "servable-onnx"];
const OVERRIDES = "overrides.yaml";
/** The bill of materials of the packages: CycloneDX. */
const SBOM = "sbom.cdx.json";

/** The packed packages, as paths. */
export interface Packed {
  readonly folder: string;
  /** The package `serving-kit` with those that it needs. */
  readonly kit: readonly string[];
  /** Those with native libraries. */
  readonly platforms: readonly string[];
  /** All others. */
  readonly more: readonly string[];
}

type Group = Exclude<keyof Packed, "folder">;

/** The folders of all packages that are published, by where their tarballs go. */
function groups(): Record<Group, string[]> {
  const kit = withDependencies(["serving-kit"]);
  const all = publishedPackages().map(({ folder }) => folder);
  const platforms = PLATFORM_PACKAGES.flatMap((name) => {
    const folder = `packages/${name}/npm`;
    const entries = readdirSync(join(root, folder), { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => `${folder}/${entry.name}`);
  });
  return { kit, platforms, more: all.filter((folder) => !kit.includes(folder)) };
}

const subfolders: Readonly<Record<Group, string>> = {
  kit: ".",
  platforms: "platforms",
  more: "more",
};

function tarballOf(packageFolder: string) {
  const { name, version } = readManifest(packageFolder);
  return { name, file: `${name.replace("@", "").replace("/", "-")}-${version}.tgz` };
}

/** Downloads the native libraries for all platforms that are missing. */
export async function fillPlatformPackages(): Promise<void> {
  for (const name of PLATFORM_PACKAGES) {
    const end = showStep(`fetching the libraries of ${name} for all platforms`);
    const script = `packages/${name}/scripts/platform-packages.mjs`;
    const { code, output } = await runNode([...sourceFlags, script, "--all"]);
    end(code === 0 ? "done" : "failed");
    if (code !== 0) throw new Error(`filling the platform packages failed:\n${output}`);
  }
}

async function packInto(folder: string): Promise<void> {
  const end = showStep("packing all packages");
  const packages = "--filter=./packages/**";
  const { code, output } = await pnpm(["-r", packages, "pack", "--pack-destination", folder]);
  end(code === 0 ? "done" : "failed");
  if (code !== 0) throw new Error(`packing all packages failed:\n${output}`);
}

/** Makes the folder, without the packages of an earlier run; nothing else in it is touched. */
function prepare(folder: string): void {
  for (const subfolder of Object.values(subfolders)) {
    const path = join(folder, subfolder);
    mkdirSync(path, { recursive: true });
    const tarballs = readdirSync(path).filter((name) => /^serving-kit-.*\.tgz$/.test(name));
    for (const name of tarballs) rmSync(join(path, name));
  }
}

/**
 * Fills the platform packages, builds all packages and packs them into `folder`; `workspace:` ranges become
 * versions.
 */
export async function buildAndPack(folder: string, options?: BuildOptions): Promise<Packed> {
  await fillPlatformPackages();
  const folders = publishedPackages().map(({ folder: path }) => path);
  await build(folders, options);
  prepare(folder);
  await packInto(folder);
  const overrides: string[] = [];
  const { kit, platforms, more } = groups();
  const place = (group: Group, packageFolders: readonly string[]) =>
    packageFolders.map((packageFolder) => {
      const { name, file } = tarballOf(packageFolder);
      const path = join(folder, subfolders[group], file);
      renameSync(join(folder, file), path);
      if (name.startsWith("@")) overrides.push(`  "${name}": "file:${path}"\n`);
      return path;
    });
  const packed = {
    folder,
    kit: place("kit", kit),
    platforms: place("platforms", platforms),
    more: place("more", more),
  };
  const sbom = sbomOf([...kit, ...platforms, ...more]);
  writeFileSync(join(folder, SBOM), `${JSON.stringify(sbom, null, 2)}\n`);
  writeFileSync(join(folder, OVERRIDES), `overrides:\n${overrides.join("")}`);
  return packed;
}

const quoted = (path: string) => (/^[\w./:\\-]+$/.test(path) ? path : `"${path}"`);

/** All tarballs of a folder as a shell writes them; cmd.exe and PowerShell expand no pattern for npm. */
const allOf = (paths: readonly string[]) =>
  process.platform === "win32"
    ? paths.map(quoted).join(" ")
    : `${quoted(dirname(paths[0] ?? ""))}/*.tgz`;

/**
 * The command lines that install `serving-kit` and the packages that it needs into a project. The platform
 * packages come first: then no package manager asks a registry for them.
 */
export const installLines = ({ folder, kit, platforms }: Packed) => ({
  npm: [`npm install --save-optional ${allOf(platforms)}`, `npm install ${allOf(kit)}`],
  pnpm: [
    `${process.platform === "win32" ? "type" : "cat"} ${quoted(join(folder, OVERRIDES))} >> pnpm-workspace.yaml`,
    `pnpm add ${allOf(kit)}`,
  ],
});

function describePacked(packed: Packed): string {
  const { npm, pnpm } = installLines(packed);
  const indent = (lines: readonly string[]) => lines.map((line) => `  ${line}`);
  const more = packed.more.map((path) => basename(path)).join(", ");
  return [
    `${packed.kit.length + packed.platforms.length + packed.more.length} packages are in ${packed.folder}. Their bill of materials is ${SBOM} in that folder.`,
    "",
    "In the folder of a project, with npm:",
    "",
    ...indent(npm),
    "",
    "or with pnpm 10 or newer (if pnpm-workspace.yaml has `overrides`, add the lines to them by hand):",
    "",
    ...indent(pnpm),
    "",
    "If npm warns that koffi and protobufjs have install scripts: the packages work without running them.",
    "The command is then node_modules/.bin/serving-kit, or `serving-kit` in a script of package.json.",
    `Install these in the same way if you need them, from ${join(packed.folder, "more")}: ${more}`,
    "",
  ].join("\n");
}

if (isProgram(import.meta.url)) {
  const folder = process.argv[2] ? resolve(process.argv[2]) : join(root, DEFAULT_FOLDER);
  process.stdout.write(describePacked(await buildAndPack(folder)));
  if (isPlaceholder())
    process.stderr.write(`warning, for publishing only: ${placeholderMessage}\n`);
}
