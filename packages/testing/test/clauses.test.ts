import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { collect } from "./collecting-runner.js";
import { runPluginSuites } from "./plugin-suites.js";
import { runSuitesOnFakes } from "./suites-on-fakes.js";

const packages = fileURLToPath(new URL("../../", import.meta.url));

// Not all of packages: node_modules has links that lead in circles.
const sources = readdirSync(packages)
  .flatMap((name) => [join(name, "src"), join(name, "test")])
  .filter((folder) => existsSync(join(packages, folder)))
  .flatMap((folder) =>
    readdirSync(join(packages, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => join(folder, path)),
  )
  .map((path) => ({ path, text: readFileSync(join(packages, path), "utf8") }));

/** The clauses that comments state, ` * - S1 signatures …`, by file. */
const stated = sources
  .filter(({ path }) => !path.endsWith(".test.ts"))
  .map(({ path, text }) => ({ path, clauses: matches(text, /^\s*\* - ([A-Z]+\d+) /gm) }))
  .filter(({ clauses }) => clauses.length > 0);

/** The clauses that the kit's suites test. */
const tested = new Set(
  [...collect(runSuitesOnFakes), ...collect(runPluginSuites)].flatMap(({ title }) =>
    matches(title, /^([A-Z]+\d+) /g),
  ),
);

describe("the clauses of the contracts and the tests of the suites", () => {
  it("are found", () => {
    for (const letter of "ABGHKLMOPS") expect([...tested].join(" ")).toContain(`${letter}1`);
  });

  it("agree: each clause of the kit's contracts has its test, and each test its clause", () => {
    const letters = new Set([...tested].map(letterOf));
    const ofKit = stated.flatMap(({ clauses }) => clauses.filter((c) => letters.has(letterOf(c))));
    expect(new Set(ofKit).size, "a clause number is given twice").toBe(ofKit.length);
    expect([...tested].sort()).toEqual(ofKit.sort());
  });

  it("can fail: for each clause of the kit there is an implementation that breaks it", () => {
    const mutants = sources.filter(({ path }) => path.endsWith("-mutants.test.ts"));
    const titles = mutants.flatMap(({ text }) => matches(text, /^\s*(?:it|\]\))\("(.*)"/gm));
    const broken = titles.flatMap((title) => matches(title, /\b([A-Z]+\d+)\b/g));
    expect([...new Set(broken)].sort()).toEqual([...tested].sort());
  });

  it("agree: a clause that no suite of the kit tests has a test in its own package", () => {
    const untested = stated.flatMap(({ path, clauses }) => {
      const folder = path.slice(0, path.indexOf(sep) + 1);
      const own = sources.filter((s) => s.path.startsWith(folder) && s.path.endsWith(".test.ts"));
      const titles = own.map(({ text }) => text).join("\n");
      return clauses
        .filter(
          (clause) => !tested.has(clause) && !new RegExp(`["'\`(].*\\b${clause}\\b`).test(titles),
        )
        .map((clause) => `${path}: ${clause}`);
    });
    expect(untested).toEqual([]);
  });
});

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, clause]) => clause as string);
}

function letterOf(clause: string): string {
  return clause.replace(/\d+$/, "");
}
