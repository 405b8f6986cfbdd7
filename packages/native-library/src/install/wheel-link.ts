import { execFile } from "node:child_process";
import { pythonSurroundings } from "../python.js";
import type { Pip } from "./pip.js";
import { WHEEL_PYTHON, type Wheel } from "./wheel.js";

/** Maximum bytes of pip's output: it writes a line for each file of the package. */
const MAX_OUTPUT_BYTES = 2 ** 26;

/** The location of a wheel. */
export interface WheelLink {
  /** Never shown: it may contain secrets of the index's operator. */
  readonly url: string;
  /** Its file name, without folders. */
  readonly name: string;
  /** Expected SHA-256. */
  readonly sha256: string;
}

/**
 * Asks pip, which knows the configured indexes, for the link of a wheel, without downloading it. Uses `pip index`,
 * because a dry run of `pip install` downloads the whole wheel. Returns undefined if pip does not report the link
 * (before 21.2), or reports it without a checksum.
 */
export async function findWheelLink(
  pip: Pip,
  wheel: Wheel,
  version: string,
  sha256: string | undefined,
  signal?: AbortSignal,
): Promise<WheelLink | undefined> {
  const args = [
    ...pip.args,
    ...["index", "versions", wheel.package, "-vv", "--retries", "1"],
    ...["--only-binary=:all:", "--implementation", "cp", "--python-version", WHEEL_PYTHON],
    ...wheel.platforms.flatMap((platform) => ["--platform", platform]),
    ...["--no-input", "--disable-pip-version-check"],
  ];
  await using surroundings = await pythonSurroundings();
  const { cwd, env } = surroundings;
  const output = await new Promise<string>((resolve) => {
    const options = {
      cwd,
      env,
      windowsHide: true,
      maxBuffer: MAX_OUTPUT_BYTES,
      ...(signal && { signal }),
    };
    // The exit code only says whether pip found a release; a version such as 2.21.0rc1 is not a release.
    execFile(pip.command, args, options, (_, stdout) => resolve(stdout));
  });
  signal?.throwIfAborted();
  return parseWheelLink(output, wheel, version, sha256);
}

/**
 * Finds the wheel in the lines `Found link <url>#sha256=<hash> (from <index>), version: <version>`. pip writes them
 * only for compatible wheels, and omits passwords; a link that needs a password is ignored.
 */
export function parseWheelLink(
  output: string,
  wheel: Wheel,
  version: string,
  sha256: string | undefined,
): WheelLink | undefined {
  const prefix = `${wheel.package.replaceAll("-", "_")}-${version}-`;
  const links: WheelLink[] = [];
  for (const [, text = ""] of output.matchAll(/Found link (https?:\/\/\S+)/g)) {
    if (!URL.canParse(text)) continue;
    const url = new URL(text);
    const name = url.pathname.split("/").at(-1)?.replaceAll(/%2b/gi, "+") ?? "";
    const hash = /sha256=([0-9a-f]{64})(?:&|$)/.exec(url.hash)?.[1] ?? sha256;
    const isWheel = name.startsWith(prefix) && /^[\w.+-]+\.whl$/.test(name);
    if (!isWheel || hash === undefined || url.username !== "" || url.password !== "") continue;
    if (sha256 !== undefined && hash !== sha256) continue;
    url.hash = "";
    links.push({ url: url.href, name, sha256: hash });
  }
  for (const platform of wheel.platforms) {
    const link = links.find(({ name }) => name.includes(platform));
    if (link !== undefined) return link;
  }
  return links[0];
}
