import { copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { run } from "../run.mjs";
import type { Engine } from "./engine.js";
import { CERTIFICATES } from "./registries.js";

/** Packages of Debian's minimal variant that the official image leaves out. */
const NOT_IN_SLIM = [
  "var/cache/apt",
  "var/lib/apt/lists",
  "var/log",
  "usr/share/doc",
  "usr/share/info",
  "usr/share/locale",
  "usr/share/man",
];

async function must(command: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, output } = await run(command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${output}`);
  return stdout.trim();
}

/** The mirror of a release of Debian that this machine uses, if it is a Debian with that release. */
async function mirrorOf(release: string): Promise<string[]> {
  const format = ["--format", "$(REPO_URI) $(RELEASE)"];
  const { stdout } = await run("apt-get", ["indextargets", ...format, "Created-By: Packages"]);
  const line = stdout.split("\n").find((text) => text.endsWith(` ${release}`));
  return line?.split(" ").slice(0, 1) ?? [];
}

/** Unpacks members of an npm package, all without naming any. */
async function unpackNpm(
  spec: string,
  folder: string,
  target: string,
  ...members: readonly string[]
): Promise<void> {
  const packed = await must("npm", "pack", "--silent", `--pack-destination=${folder}`, spec);
  const file = join(folder, packed.split("\n").at(-1) ?? "");
  mkdirSync(target, { recursive: true });
  const options = [`--file=${file}`, `--directory=${target}`, "--strip-components=1"];
  await must("tar", "--extract", ...options, "--no-same-owner", ...members);
}

async function importTree(engine: Engine, tree: string, image: string): Promise<void> {
  const tarball = `${tree}.tar`;
  await must("tar", "--create", `--file=${tarball}`, `--directory=${tree}`, ".");
  await engine.import(tarball, image);
  rmSync(tarball);
}

/** Makes a root of Debian's packages, as small as the official slim image. */
async function makeDebian(tree: string, release: string): Promise<void> {
  mkdirSync(tree, { recursive: true });
  await must("debootstrap", "--variant=minbase", release, tree, ...(await mirrorOf(release)));
  for (const path of NOT_IN_SLIM) {
    const names = readdirSync(join(tree, path));
    for (const name of names) rmSync(join(tree, path, name), { recursive: true });
  }
}

/** Adds Node's binary and npm's program, and the certificates of this machine. */
async function addNode(tree: string, major: string, folder: string): Promise<void> {
  const local = join(tree, "usr/local");
  await unpackNpm(`node-linux-${process.arch}@${major}`, folder, local, "package/bin/node");
  await unpackNpm("npm@10", folder, join(local, "lib/node_modules/npm"));
  for (const name of ["npm", "npx"]) {
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, "bin", name));
  }
  const certificates = process.env.NODE_EXTRA_CA_CERTS;
  if (certificates) copyFileSync(certificates, join(tree, CERTIFICATES));
}

/**
 * Makes images like those that the Dockerfile starts from, of the packages that these are made of: Debian's by
 * debootstrap, Node's binary and npm's program from npm.
 *
 * @returns the build arguments that replace the real images by them
 */
export async function makeStandIns(
  engine: Engine,
  folder: string,
  images: Readonly<Record<string, string>>,
): Promise<string[]> {
  const { NODE_IMAGE = "", DEBIAN_IMAGE } = images;
  const [, major = "", release = ""] = /^node:(\d+)-([a-z]+)-slim$/.exec(NODE_IMAGE) ?? [];
  if (DEBIAN_IMAGE !== `debian:${release}-slim`) throw new Error("the stages mix Debian releases");
  const tree = join(folder, "tree");
  await makeDebian(tree, release);
  const debian = `serving-kit-proof/debian:${release}`;
  await importTree(engine, tree, debian);
  await addNode(tree, major, folder);
  const node = `serving-kit-proof/node:${major}-${release}`;
  await importTree(engine, tree, node);
  rmSync(tree, { recursive: true });
  return [`--build-arg=NODE_IMAGE=${node}`, `--build-arg=DEBIAN_IMAGE=${debian}`];
}
