import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { LibraryReport } from "@serving-kit/native-library";
import {
  checkInstallation,
  findOpLibraries,
  INSTALL_COMMAND,
  type OpLibraryPackage,
} from "@serving-kit/servable-tensorflow";
import { inspectTflite } from "@serving-kit/servable-tflite";
import { builtInPlatforms } from "../built-in-platforms.js";
import { paths } from "../flag-kinds.js";
import { inFlagWords } from "../flag-words.js";
import { examineTensorFlow, examineTflite } from "../libraries.js";
import { findModel } from "../model-path.js";
import { packageVersion } from "../package-version.js";
import { defineSubcommand, type Subcommand } from "../subcommand.js";

/** What `doctor` looks with. */
export interface DoctorTools {
  readonly examineTflite: typeof examineTflite;
  readonly examineTensorFlow: typeof examineTensorFlow;
  readonly checkInstallation: typeof checkInstallation;
  readonly findOpLibraries: typeof findOpLibraries;
}

/**
 * `serving-kit doctor`: which libraries were found, where, which version, whether they open, whether
 * the installed one is what was installed, and what mends it if not. Its exit code is 0 when `.tflite`
 * models can be served.
 */
export function doctor({
  examineTflite: tflite = examineTflite,
  examineTensorFlow: tensorflow = examineTensorFlow,
  checkInstallation: check = checkInstallation,
  findOpLibraries: findOps = findOpLibraries,
}: Partial<DoctorTools> = {}): Subcommand {
  return defineSubcommand({
    usage: "doctor --models=/models/digits",
    description:
      "Tells which libraries were found and where, their versions, whether they open and are whole,\n" +
      "and for what is not the command that mends it. Ends with 0 when .tflite models can be served.",
    operands: [],
    flags: {
      models: paths(
        "path,…",
        "Models, or their base paths: lists the operands of .tflite models that nothing checks.",
      ),
    },
    async run({ flags }, { stdout, signal }) {
      const lite = await tflite();
      const damaged = await damagedPaths(check, signal);
      const report = await tensorflow();
      const isMendable = damaged.length > 0 && report.opened === undefined;
      const full = isMendable ? { ...report, remedy: INSTALL_COMMAND } : report;
      const features = [...new Set([...lite.cpuFeatures, ...full.cpuFeatures])];
      const lines = [
        `serving-kit ${packageVersion()} on Node ${process.versions.node}, ${process.platform}-${process.arch}${glibc()}`,
        `${availableParallelism()} cores, ${features.join(" ") || "CPU features not known"}`,
        "",
        ...describe(lite, ".tflite models"),
        "",
        ...describe(full, "SavedModels"),
        ...damaged.map((path) => `  damaged: ${path}; what mends it: ${INSTALL_COMMAND}`),
        ...(await findOps()).map(describeOps),
        ...(await Promise.all(flags.models.map((path) => describeOperands(path, lite)))).flat(),
        "",
        verdict(lite, full, damaged.length > 0),
      ];
      stdout.write(`${lines.join("\n")}\n`);
      return lite.opened ? 0 : 1;
    },
  });
}

function describe(report: LibraryReport, kind: string): string[] {
  const { name, places, opened, problem = "", remedy } = report;
  if (opened) {
    // A variable that is not set says nothing about the choice.
    const before = opened.attempts.filter(({ outcome }) => outcome !== "is not set");
    const tried = new Set([opened.origin, ...before.map(({ origin }) => origin)]);
    const after = places.filter(({ path, origin }) => path !== undefined && !tried.has(origin));
    return [
      `✓ ${name} ${opened.version} opens, for ${kind}`,
      `  ${opened.path} (${opened.origin})`,
      ...before.map(({ origin, outcome }) => `  not used: ${origin}: ${outcome}`),
      ...after.map(({ path, origin }) => `  not used: ${path} (${origin})`),
    ];
  }
  // The first line sums up what the others tell of each place.
  const [summary = "", ...tried] = problem.split("\n");
  return [
    `✗ ${name} does not open, for ${kind}`,
    ...(tried.length > 0 ? tried : [`  ${summary}`]),
    `  what mends it: ${remedy}`,
  ];
}

function describeOps({ name, folder, libraries }: OpLibraryPackage): string {
  if (folder === undefined) return `  ops of ${name}: not installed`;
  return `  ops of ${name}: ${libraries.length} libraries in ${folder}`;
}

/** The operands of a `.tflite` model that neither the opened runtime nor the kit checks. */
async function describeOperands(path: string, { opened }: LibraryReport): Promise<string[]> {
  const { path: found, platform } = await findModel(path, builtInPlatforms());
  if (platform.platformName !== "tflite" || opened === undefined) {
    return ["", `${found}: model of the platform ${platform.platformName}`];
  }
  const operands = (await inspectTflite(found)).uncheckedOperands(opened.version);
  return [
    "",
    `${operands.length === 0 ? "✓" : "✗"} ${found}: ${operands.length || "no"} unchecked operands`,
    ...operands.map(({ operand, operator, tensor, signature }) =>
      inFlagWords(
        `  ${operand} of ${operator} (tensor "${tensor}", signature ${signature}); loads only with option uncheckedOps: "allow"`,
      ),
    ),
  ];
}

async function damagedPaths(
  check: typeof checkInstallation,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { folder = "", damaged = [] } = (await check({ signal })) ?? {};
  return damaged.map((name) => join(folder, name));
}

function verdict(lite: LibraryReport, full: LibraryReport, isDamaged: boolean): string {
  if (lite.opened && full.opened && isDamaged)
    return `.tflite models and SavedModels can be served, but an installed library is damaged: ${INSTALL_COMMAND}`;
  if (lite.opened && full.opened)
    return "Everything works: .tflite models and SavedModels can be served.";
  if (lite.opened) return `.tflite models can be served; SavedModels cannot: ${full.remedy}`;
  if (full.opened) return `SavedModels can be served; .tflite models cannot: ${lite.remedy}`;
  return `Nothing can be served: ${lite.remedy}`;
}

function glibc(): string {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  const version = header.glibcVersionRuntime;
  if (version !== undefined) return `, glibc ${version}`;
  return process.platform === "linux" ? ", musl (the libraries need glibc)" : "";
}
