import { cpSync } from "node:fs";
import { join } from "node:path";
import { run, runNode } from "../run.mjs";
import { readJson, root } from "../workspace.mjs";

/** A picture of a digit, with its label and the digits model's answer. */
interface Sample {
  readonly image: readonly number[];
  readonly label: number;
  readonly probabilities: readonly number[];
}

/** The first picture next to the digits model. */
export const [digitsSample] = readJson<readonly [Sample, ...Sample[]]>(
  "examples/models/digits/samples.json",
);
const { label } = digitsSample;

/** The output of the everyday programs. */
export const everydayOutput = {
  label,
  answers: [label, label],
  doubled: [2, 4, 6],
  wrong: "INPUT_MISSING",
};

/** Copies an everyday program into a project with the packed kit, and has the types of its model written. */
export async function addEverydayProgram(
  folder: string,
  language: "JavaScript" | "TypeScript",
): Promise<string> {
  const program = language === "TypeScript" ? "everyday.ts" : "everyday.mjs";
  const types = language === "TypeScript" ? "digits.ts" : "digits.js";
  cpSync(join(root, "scripts/apps/programs", program), join(folder, program));
  const bin = "node_modules/serving-kit/dist/bin.js";
  const { code, output } = await runNode([bin, "types", "models/digits", "-o", types], {
    cwd: folder,
  });
  if (code !== 0) throw new Error(`serving-kit types failed:\n${output}`);
  return program;
}

/** Runs a program in a project. Returns what it printed as JSON. @throws Error if it failed. */
export async function runProgram(
  folder: string,
  [command, ...args]: readonly [command: string, ...args: string[]],
  file: string,
): Promise<unknown> {
  const { code, output, stdout } = await run(command, [...args, file], { cwd: folder });
  if (code !== 0) throw new Error(`${[command, ...args, file].join(" ")} failed:\n${output}`);
  return JSON.parse(stdout);
}
