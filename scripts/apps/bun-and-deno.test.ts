import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, inject, it } from "vitest";
import { run } from "../run.mjs";
import { root } from "../workspace.mjs";
import { addEverydayProgram, digitsSample, everydayOutput, runProgram } from "./everyday-app.js";
import { makeProject, removeProject } from "./project.js";

const runtimes: readonly (readonly [
  name: string,
  npmPackage: string,
  command: readonly [program: string, ...args: string[]],
])[] = [
  ["Bun 1.4", "bun@1.4", ["bun"]],
  ["Deno 2.9", "deno@2.9", ["deno", "run", "--allow-all"]],
];
const packages = runtimes.map(([, name]) => name);
const project = await makeProject(inject("packed"), packages);
const { folder, problem } = project;
const everyday = problem ? Promise.resolve("") : addEverydayProgram(folder, "JavaScript");

afterAll(() => removeProject(project));

const suffix = problem ? ` (skipped: ${problem})` : "";

describe.skipIf(problem).each(runtimes)(`%s${suffix}`, (_name, _package, [program, ...args]) => {
  const command = [join(folder, "node_modules/.bin", program), ...args] as const;
  const runHere = (file: string) => run(command[0], [...args, file], { cwd: folder });

  it("runs the README's program", async () => {
    copyFileSync(join(root, "examples/quickstart.ts"), join(folder, "quickstart.ts"));
    const { code, output } = await runHere("quickstart.ts");
    expect(output).toContain(`a picture of a ${digitsSample.label}: `);
    expect(code).toBe(0);
  });

  it("runs the everyday program in JavaScript", async () => {
    const file = await everyday;
    expect(await runProgram(folder, command, file)).toEqual(everydayOutput);
  });

  it("answers over REST, the Fetch API and gRPC, and closes", async () => {
    const program = "serve-and-close.ts";
    copyFileSync(join(import.meta.dirname, "programs", program), join(folder, program));
    const { code, output, stdout } = await runHere(program);
    expect(code, output).toBe(0);
    const { byRest, byFetch, health, isClosed } = JSON.parse(stdout);
    for (const answer of [byRest, byFetch]) {
      for (const [digit, probability] of digitsSample.probabilities.entries()) {
        expect(answer[digit]).toBeCloseTo(probability, 5);
      }
    }
    expect([health, isClosed]).toEqual(["0801", true]); // the status SERVING
  });
});

it.skipIf(problem)(`Node runs the everyday program in JavaScript${suffix}`, async () => {
  expect(await runProgram(folder, [process.execPath], await everyday)).toEqual(everydayOutput);
});
