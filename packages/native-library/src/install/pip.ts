import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Clock, systemClock } from "@serving-kit/core";
import { findProgram, pythonPrograms, pythonSurroundings } from "../python.js";
import { WHEEL_PYTHON, type Wheel } from "./wheel.js";

const POLL_MS = 200;

/** The first version of pip with `--resume-retries`. */
const RESUMES_SINCE = 25.1;

/** Options for downloading the wheel. */
export interface DownloadOptions {
  readonly wheel: Wheel;
  readonly version: string;
  /** Expected SHA-256; pip also verifies the file against its index. */
  readonly sha256: string | undefined;
  /** The folder for the wheel. */
  readonly folder: string;
  readonly onBytes: (bytes: number, totalBytes: number | undefined) => void;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
}

/** A command that runs pip, with the arguments before pip's own. */
export interface Pip {
  readonly command: string;
  readonly args: readonly string[];
  readonly version: number;
}

/** Finds pip: in the active virtual environment, else through Python on PATH, else `pip3` or `pip` on PATH. */
export async function findPip(
  env: Readonly<NodeJS.ProcessEnv> = process.env,
): Promise<Pip | undefined> {
  const commands: [string, string[]][] = [
    ...pythonPrograms(env).map((python): [string, string[]] => [python, ["-m", "pip"]]),
    ...["pip3", "pip"]
      .flatMap((name) => findProgram(name, env))
      .map((pip): [string, string[]] => [pip, []]),
  ];
  for (const [command, args] of commands) {
    const version = await pipVersion(command, args);
    if (version !== undefined) return { command, args, version };
  }
  return undefined;
}

/**
 * Downloads a wheel with pip, which checks its hash.
 *
 * @throws Error with the end of pip's output.
 */
export async function downloadWheel(pip: Pip, options: DownloadOptions): Promise<void> {
  const { wheel, version, sha256, clock = systemClock } = options;
  const folder = resolve(options.folder);
  await mkdir(folder, { recursive: true });
  // pip downloads into a temporary folder. With a folder of this function, the progress is visible.
  const scratch = await mkdtemp(join(folder, "pip-"));
  const requirements = join(scratch, "requirements.txt");
  const hash = sha256 === undefined ? "" : ` --hash=sha256:${sha256}`;
  await writeFile(requirements, `${wheel.package}==${version}${hash}\n`);
  const args = downloadArguments(pip, wheel, folder, requirements);
  let output = "";
  const watch = watchFolder(scratch, clock, (bytes) => options.onBytes(bytes, totalOf(output)));
  const onOutput = (chunk: Buffer) => {
    output = `${output}${chunk}`.slice(-4_000);
  };
  try {
    const code = await runPip(pip, args, { scratch, onOutput, signal: options.signal });
    if (code !== 0)
      throw new Error(`pip ended with exit code ${code}:\n${withoutLogins(output.trim())}`);
  } finally {
    watch[Symbol.dispose]();
    await rm(scratch, { recursive: true, force: true });
  }
}

const downloadArguments = (
  pip: Pip,
  { platforms }: Wheel,
  folder: string,
  requirements: string,
): string[] => [
  ...pip.args,
  ...["download", "--no-deps", "--only-binary=:all:", "--implementation", "cp"],
  ...["--python-version", WHEEL_PYTHON, "--dest", folder, "--requirement", requirements],
  ...platforms.flatMap((platform) => ["--platform", platform]),
  ...["--progress-bar", "off", "--no-input", "--disable-pip-version-check"],
  ...(pip.version >= RESUMES_SINCE ? ["--resume-retries", "10"] : []),
];

interface PipRun {
  /** The folder of pip's temporary files. */
  readonly scratch: string;
  readonly onOutput: (chunk: Buffer) => void;
  readonly signal: AbortSignal | undefined;
}

/** Runs pip. Resolves with its exit code. */
async function runPip(
  { command }: Pip,
  args: readonly string[],
  { scratch, onOutput, signal }: PipRun,
): Promise<number | null> {
  await using surroundings = await pythonSurroundings();
  return await new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: surroundings.cwd,
      env: { ...surroundings.env, TMPDIR: scratch, TEMP: scratch, TMP: scratch },
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
      signal,
    });
    child.stdout.on("data", onOutput);
    child.stderr.on("data", onOutput);
    child.on("error", reject);
    child.on("close", resolve);
  });
}

/** Removes user names and passwords from the URLs in a string. */
export function withoutLogins(output: string): string {
  return output.replaceAll(/:\/\/[^/\s]*@/g, "://");
}

/** `Downloading tensorflow….whl (273.8 MB)` */
function totalOf(output: string): number | undefined {
  const megabytes = /Downloading .*\((\d+(?:\.\d+)?) MB\)/.exec(output)?.[1];
  return megabytes === undefined ? undefined : Math.round(Number(megabytes) * 1e6);
}

/** Repeatedly reports the size of the files in a folder. */
function watchFolder(folder: string, clock: Clock, onBytes: (bytes: number) => void): Disposable {
  let isStopped = false;
  let timer: Disposable;
  const look = async () => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    let bytes = 0;
    for (const { parentPath, name } of entries.filter((entry) => entry.isFile())) {
      bytes += await stat(join(parentPath, name)).then(
        ({ size }) => size,
        () => 0,
      );
    }
    if (isStopped) return;
    onBytes(bytes);
    timer = clock.setTimeout(() => void look(), POLL_MS);
  };
  timer = clock.setTimeout(() => void look(), POLL_MS);
  return {
    [Symbol.dispose]() {
      isStopped = true;
      timer[Symbol.dispose]();
    },
  };
}

async function pipVersion(command: string, args: readonly string[]): Promise<number | undefined> {
  await using surroundings = await pythonSurroundings();
  const { cwd, env } = surroundings;
  // Awaited here: the folder is removed when this function returns.
  return await new Promise((resolve) => {
    execFile(command, [...args, "--version"], { cwd, env, windowsHide: true }, (error, stdout) => {
      const version = /^pip (\d+\.\d+)/.exec(stdout)?.[1];
      resolve(error || version === undefined ? undefined : Number(version));
    });
  });
}
