import { cpSync } from "node:fs";
import { join } from "node:path";
import { run, runNode } from "../run.mjs";
import { readJson, root } from "../workspace.mjs";

const [{ label }] = readJson("examples/models/digits/samples.json");

/** The output of the everyday programs. */
export const everydayOutput = {
  label,
  answers: [label, label],
  doubled: [2, 4, 6],
  wrong: "INPUT_MISSING",
};

/** Copies an everyday program into a project with the packed kit, and has the types of its model written. */
export async function addEverydayProgram(folder, language) {
  const [program, types] =
    language === "TypeScript" ? ["everyday.ts", "digits.ts"] : ["everyday.mjs", "digits.js"];
  cpSync(join(root, "scripts/apps/everyday", program), join(folder, program));
  const bin = "node_modules/serving-kit/dist/bin.js";
  const { code, output } = await runNode([bin, "types", "models/digits", "-o", types], {
    cwd: folder,
  });
  if (code !== 0) throw new Error(`serving-kit types failed:\n${output}`);
  return program;
}

/** Runs a program in a project. Returns what it printed as JSON. @throws Error if it failed. */
export async function runProgram(folder, [command, ...args], file) {
  const { code, output, stdout } = await run(command, [...args, file], { cwd: folder });
  if (code !== 0) throw new Error(`${[command, ...args, file].join(" ")} failed:\n${output}`);
  return JSON.parse(stdout);
}
