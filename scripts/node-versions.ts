import { npx } from "./npx.mjs";

/** The versions of Node that the kit supports: the oldest release, and the newest of each later line. */
export const NODE_VERSIONS = ["20.19", "22", "24"];

/** A Node binary. */
export interface FoundNode {
  readonly path: string;
  /** Its exact version, such as `v22.1.0`. */
  readonly exact: string;
}

/** Finds a Node binary by npm's package `node`, which carries it; nothing is installed. */
export async function findNode(version: string): Promise<FoundNode> {
  const { code, stdout, output } = await npx(`node@${version}`, [
    "node",
    "--print",
    "JSON.stringify([process.execPath, process.version])",
  ]);
  if (code !== 0) throw new Error(`the package node@${version} cannot be run:\n${output}`);
  const [path, exact] = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  return { path, exact };
}
