import { availableParallelism } from "node:os";
import { messageOf } from "@serving-kit/core";
import type { LibraryReport, Platform } from "@serving-kit/inference";
import { type BuiltIns, builtIns } from "../built-ins.js";
import { paths } from "../flag-kinds.js";
import { inFlagWords } from "../flag-words.js";
import { findModel } from "../model-path.js";
import { loadPlatforms } from "../platforms/load-platforms.js";
import { pluginFlags, withPlugins } from "../plugins.js";
import { defineSubcommand, packageVersion, type Subcommand } from "../subcommand.js";

/** The state of one platform on this machine. */
interface Examined {
  readonly platform: Platform;
  /** The platform's models in the plural. */
  readonly models: string;
  readonly isRequired: boolean;
  /** Undefined if the platform needs no library. */
  readonly report: LibraryReport | undefined;
}

/**
 * `serving-kit doctor`: reports the libraries that are found, their locations and versions, whether they open and are
 * intact, and how to fix them. Its exit code is 0 if the libraries of all required platforms open.
 */
export function doctor({ platforms: builtIn }: Pick<BuiltIns, "platforms"> = builtIns): Subcommand {
  return defineSubcommand({
    usage: "doctor --models=/models/digits",
    description:
      "Reports the libraries that are found, their locations and versions, whether they open and are intact,\n" +
      "and commands that fix problems. Exits with 0 if the libraries that come with the kit open.",
    operands: [],
    flags: {
      models: paths(
        "path,…",
        "Paths of models or base paths: reports problems that would prevent loading them on this machine.",
      ),
      ...pluginFlags,
    },
    async run({ flags }, { stdout, signal }) {
      const examined = await examineAll(await withPlugins(builtIn, flags.plugins), signal);
      const platforms = examined.map(({ platform }) => platform);
      const features = new Set(examined.flatMap(({ report }) => report?.cpuFeatures ?? []));
      const models = await Promise.all(flags.models.map((path) => describeModel(path, platforms)));
      const lines = [
        `serving-kit ${packageVersion()} on Node ${process.versions.node}, ${process.platform}-${process.arch}${glibc()}`,
        `${availableParallelism()} cores, ${[...features].join(" ") || "CPU features unknown"}`,
        ...examined.flatMap((each) => ["", ...describe(each)]),
        ...models.flatMap((text) => ["", ...text]),
        "",
        verdict(examined),
      ];
      stdout.write(`${lines.join("\n")}\n`);
      return examined.every((each) => works(each) || !each.isRequired) ? 0 : 1;
    },
  });
}

/** Examines the platforms, first those that come with the kit. */
async function examineAll(
  rows: BuiltIns["platforms"],
  signal: AbortSignal,
): Promise<readonly Examined[]> {
  const ordered = rows.toSorted((a, b) => Number(b.isRequired ?? 0) - Number(a.isRequired ?? 0));
  const platforms = await loadPlatforms(ordered);
  const examined: Examined[] = [];
  for (const [i, platform] of platforms.entries()) {
    examined.push(await examine(platform, ordered[i]?.isRequired === true, signal));
  }
  return examined;
}

async function examine(
  platform: Platform,
  isRequired: boolean,
  signal: AbortSignal,
): Promise<Examined> {
  const { models = `${platform.platformName} models` } = platform;
  const report = await platform.libraryReport?.({ signal });
  return { platform, models, isRequired, report };
}

const works = ({ report }: Examined) => report === undefined || report.opened !== undefined;

const installCommand = ({ platform }: Examined) => `serving-kit install ${platform.platformName}`;

function describe(examined: Examined): string[] {
  const { report, models } = examined;
  if (report === undefined) return [`✓ ${models}: no library needed`];
  const { name, opened, problem = "", remedy, notes = [], damaged = [] } = report;
  const rest = [
    ...notes.map((note) => `  ${note}`),
    ...damaged.map((path) => `  damaged: ${path}; fix: ${installCommand(examined)}`),
  ];
  if (opened) {
    const { version, path, origin } = opened;
    return [`✓ ${models}: ${name} ${version}`, `  ${path} (${origin})`, ...rest];
  }
  // The first line summarizes the others, which are about one location each.
  const [summary = "", ...tried] = problem.split("\n");
  return [
    `✗ ${models}: cannot open ${name}`,
    ...(tried.length > 0 ? tried : [`  ${summary}`]),
    `  fix: ${remedy}`,
    ...rest,
  ];
}

/** The problems that would prevent loading a model on this machine. */
async function describeModel(path: string, platforms: readonly Platform[]): Promise<string[]> {
  const { path: found, platform } = await findModel(path, platforms);
  if (!platform.inspect) return [`${found}: model of the platform ${platform.platformName}`];
  const inspecting = platform.inspect(found).catch((error) => ({ problems: [messageOf(error)] }));
  const { problems } = await inspecting;
  if (problems.length === 0) return [`✓ ${found}: no problems`];
  return [
    `✗ ${found}: ${problems.length} ${problems.length === 1 ? "problem" : "problems"}`,
    ...problems.map((problem) => inFlagWords(`  ${problem}`)),
  ];
}

function verdict(examined: readonly Examined[]): string {
  const able = examined.filter(works);
  const unable = examined.filter((each) => !works(each));
  const required = examined.find(({ isRequired }) => isRequired) ?? examined[0];
  if (able.length === 0) return `No models can be served: ${required?.report?.remedy}`;
  const served = `${listOf(able.map(({ models }) => models))} can be served`;
  if (unable.length > 0) {
    const problems = unable.map(({ models, report }) => `; ${models} cannot: ${report?.remedy}`);
    return served + problems.join("");
  }
  const broken = examined.find(({ report }) => (report?.damaged?.length ?? 0) > 0);
  if (broken) return `${served}, but an installed library is damaged: ${installCommand(broken)}`;
  return `Everything works: ${served}.`;
}

const listOf = (words: readonly string[]) =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;

function glibc(): string {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  const version = header.glibcVersionRuntime;
  if (version !== undefined) return `, glibc ${version}`;
  return process.platform === "linux" ? ", musl (the libraries need glibc)" : "";
}
