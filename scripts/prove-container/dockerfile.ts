import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../workspace.mjs";

/** An instruction of a Dockerfile. */
interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** The instructions of the repository's Dockerfile in order, each in one line. */
function instructions(): Instruction[] {
  return readFileSync(join(root, "Dockerfile"), "utf8")
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [, name, text = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
      if (name === undefined) throw new Error(`Dockerfile: no instruction: ${line}`);
      return { name, text };
    });
}

/** The texts of the instructions of one name. */
export const textsOf = (name: string): string[] =>
  instructions()
    .filter((instruction) => instruction.name === name)
    .map(({ text }) => text);
