import { execFile } from "node:child_process";
import { pythonSurroundings } from "../python.js";
import type { Pip } from "./pip.js";
import { WHEEL_PYTHON, type Wheel } from "./wheel.js";

/** Maximum bytes that pip may write: a line for each file of the package. */
const MAX_OUTPUT_BYTES = 2 ** 26;

/** Where a wheel is. */
export interface WheelLink {
  /** Never shown: its content belongs to the operator of the index. */
  readonly url: string;
  /** Its file name, without folders. */
  readonly name: string;
  /** SHA-256 that it must have. */
  readonly sha256: string;
}

/**
 * Asks pip, which knows the indexes that are configured, where a wheel is. Nothing is downloaded: of
 * pip's commands only `index` leaves it at that, while a dry run of `install` gets the whole wheel.
 * Undefined where pip does not say it (before 21.2), or says it without a checksum.
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
    // Its exit code says whether it found a release, which a version such as 2.21.0rc1 is not.
    execFile(pip.command, args, options, (_, stdout) => resolve(stdout));
  });
  signal?.throwIfAborted();
  return parseWheelLink(output, wheel, version, sha256);
}

/**
 * Finds the wheel in the lines `Found link <url>#sha256=<hash> (from <index>), version: <version>`.
 * pip writes them for wheels that fit only, and leaves out passwords; a link that needs one is none.
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
