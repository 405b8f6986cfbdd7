import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { programs, settings } from "./compilers.mjs";

const read = (file) => readFileSync(join(programs, file), "utf8");
const WITHOUT_ERRORS = [
  "digits.ts",
  "digits-of-js.js",
  "everyday.ts",
  "plain.js",
  "hovers.ts",
  "options.ts",
];
const MOST_LINES = 10;

/** Names in comments of a program, and where the name or the place after each starts. */
const marks = (file, pattern) =>
  [...read(file).matchAll(pattern)].map((match) => ({
    mark: match[1],
    offset: match.index + match[0].length,
    line: read(file).slice(match.index).split("\n")[0],
  }));

/** The mistakes of the program: the name that the error is at, and the lines of the statement. */
function mistakes() {
  const lines = read("mistakes.ts").split("\n");
  const heads = lines.flatMap((text, line) => {
    const [, name, what] = /^\/\/! (.+): (.+)$/.exec(text) ?? [];
    return name === undefined ? [] : [{ name, what, line }];
  });
  return heads.map((head, i) => ({ ...head, end: heads[i + 1]?.line ?? lines.length }));
}

/**
 * Tests the programs under one version of TypeScript.
 *
 * @param {import("./compilers.mjs").Compiler} compiler
 * @param {readonly object[]} all the settings under which they must compile
 */
export function programTests(compiler, all = settings) {
  afterAll(() => compiler.close());

  it.each(all.map((one) => [JSON.stringify(one), one]))("compiles under %s", async (_, one) => {
    const found = (await compiler.diagnose(one)).filter(({ file }) =>
      WITHOUT_ERRORS.includes(file),
    );
    expect(found).toEqual([]);
  });

  it("reports each mistake at its name or by it, in few lines", async () => {
    const source = read("mistakes.ts");
    const found = (await compiler.diagnose(settings[3])).filter((d) => d.file === "mistakes.ts");
    const first = mistakes()[0].line;
    expect(found.filter(({ line }) => line < first)).toEqual([]);
    for (const { name, what, line, end } of mistakes()) {
      const own = found.filter((d) => d.line > line && d.line < end);
      const isNamed = ({ start, text }) => source.startsWith(name, start) || text.includes(name);
      expect.soft(own.some(isNamed), `${what}: ${JSON.stringify(own, null, 1)}`).toBe(true);
      for (const { text } of own) {
        expect.soft(text.split("\n").length, `${what}: ${text}`).toBeLessThanOrEqual(MOST_LINES);
      }
    }
  });

  it("shows types in few lines", async () => {
    for (const { mark, offset, line } of marks("hovers.ts", /\/\*(\d)\*\/ ?/g)) {
      const hover = await compiler.hover("hovers.ts", offset);
      expect.soft(hover.split("\n").length, `${line}\n${hover}`).toBeLessThanOrEqual(Number(mark));
      expect.soft(hover, line).not.toBe("");
    }
  });

  it("offers names", async () => {
    for (const { mark, offset, line } of marks("completions.ts", /\/\*\|([\w,]+)\*\//g)) {
      const names = await compiler.complete("completions.ts", offset);
      expect.soft(names, line).toEqual(expect.arrayContaining(mark.split(",")));
    }
  });
}
