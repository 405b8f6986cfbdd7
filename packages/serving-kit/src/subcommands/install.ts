import { resolve } from "node:path";
import type {
  InstalledLibrary,
  InstallLibraryOptions,
  InstallProgress,
  Platform,
} from "@serving-kit/inference";
import { type BuiltIns, builtIns } from "../built-ins.js";
import { errors } from "../errors.js";
import { text } from "../flag-kinds.js";
import { loadPlatforms } from "../platforms/load-platforms.js";
import { pluginFlags, withPlugins } from "../plugins.js";
import { type Progress, showProgress } from "../progress.js";
import { defineSubcommand, type Subcommand, type TextSink } from "../subcommand.js";

const flags = {
  dir: text(
    "folder",
    undefined,
    "The folder to install into. Default: the cache folder, where models find the libraries.",
  ),
  version: {
    ...text("version", undefined, "The version of the library. Default: a tested version."),
    expected: "a version such as 2.21.0",
    parse: (value: string) => (/^\d+(\.\d+)*([a-z]+\d+)?$/.test(value) ? value : undefined),
  },
  sha256: {
    ...text(
      "hash",
      undefined,
      "The SHA-256 of the file to download. Required for versions other than the tested one.",
    ),
    expected: "64 hexadecimal digits",
    parse: (value: string) => (/^[0-9a-f]{64}$/i.test(value) ? value.toLowerCase() : undefined),
  },
  archives: {
    ...text(
      "URL",
      undefined,
      "The URL of a mirror of the publisher's archives, which are at <URL>/<version>/<name>.",
    ),
    expected: "a URL that starts with http:// or https://",
    parse: (value: string) =>
      /^https?:/.test(value) && URL.canParse(value) ? value.replace(/\/+$/, "") : undefined,
  },
  ...pluginFlags,
};

/** A platform whose library can be installed. */
type Installable = Platform & Required<Pick<Platform, "install">>;

/** `serving-kit install NAME`: installs the library of a platform and verifies that it opens. */
export function install({
  platforms: builtIn,
}: Pick<BuiltIns, "platforms"> = builtIns): Subcommand {
  const help = builtIn.flatMap(({ installHelp = [] }) => installHelp);
  return defineSubcommand({
    usage: "install tensorflow",
    description: ["Installs the library that models of a platform need.", ...help].join("\n\n"),
    operands: ["library"],
    flags,
    async run({ flags, operands: [name = ""] }, { stdout, stderr, signal }) {
      const platforms = await loadPlatforms(await withPlugins(builtIn, flags.plugins));
      const platform = installable(platforms, name);
      const { dir, version, sha256, archives } = flags;
      const options: InstallLibraryOptions = {
        signal,
        ...(dir !== undefined && { dir: resolve(dir) }),
        ...(version !== undefined && { version }),
        ...(sha256 !== undefined && { sha256 }),
        ...(archives !== undefined && { archives }),
      };
      using progress = showProgress(stderr);
      const onProgress = (at: InstallProgress) => showInstallProgress(progress, name, at);
      const installed = await platform.install({ ...options, onProgress });
      progress[Symbol.dispose]();
      stdout.write(
        `${installed.name} ${installed.version} ${verbOf(installed)} ${installed.folder}\n`,
      );
      if (!(await opens(platform, installed, { stdout, stderr }))) return 1;
      const { variable, library } = installed;
      if (dir !== undefined && variable !== undefined) {
        stdout.write(`to use it, set ${variable}=${library}\n`);
      }
      return 0;
    },
  });
}

/** Returns the platform of this name whose library can be installed. */
function installable(platforms: readonly Platform[], name: string): Installable {
  const known = platforms.filter((each): each is Installable => each.install !== undefined);
  const platform = known.find(({ platformName }) => platformName === name);
  if (platform !== undefined) return platform;
  const names = known.map(({ platformName }) => platformName);
  throw errors.argumentInvalid("library", names.join(" or "), name);
}

/** Returns whether an installed library opens and has the expected version, and prints the result. */
async function opens(
  platform: Platform,
  { library, version }: InstalledLibrary,
  { stdout, stderr }: Readonly<Record<"stdout" | "stderr", TextSink>>,
): Promise<boolean> {
  const report = await platform.libraryReport?.({ library });
  if (report === undefined) return true;
  const { name, opened, problem } = report;
  if (opened === undefined) {
    stderr.write(`the installed library is intact but does not open: ${problem}\n`);
    return false;
  }
  stdout.write(`the library opens and reports version ${opened.version} of ${name}\n`);
  const isOther = opened.version.replaceAll("-", "") !== version;
  if (isOther) stderr.write(`expected version ${version}; got ${opened.version}\n`);
  return !isOther;
}

function verbOf({ isNew, repaired }: InstalledLibrary): string {
  if (repaired.length > 0) return `(${repaired.join(", ")} was damaged) has been repaired in`;
  return isNew ? "has been installed in" : "is already installed and intact in";
}

/** Shows the progress of installing the library of a platform. */
export function showInstallProgress(
  progress: Progress,
  name: string,
  { step, bytes, totalBytes }: InstallProgress,
): void {
  const fraction = totalBytes === undefined ? undefined : bytes / totalBytes;
  const size = totalBytes === undefined ? "" : ` (${Math.round(totalBytes / 1e6)} MB)`;
  progress.update(`${step} ${name}${size}`, fraction);
}
