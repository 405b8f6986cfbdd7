import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { addEverydayProgram, everydayOutput, runProgram } from "./apps/everyday-app.js";
import { makeProject, type Project, removeProject } from "./apps/project.js";
import { findNode, NODE_VERSIONS } from "./node-versions.js";
import { buildAndPack } from "./pack.js";
import { runNode } from "./run.mjs";
import { runStep } from "./step-timer.mjs";

// `npm run test:programs`: the everyday programs in a new TypeScript app and in plain JavaScript, which install the
// packed packages, on each runtime. `npm test` runs the plain one on its own Node, Bun and Deno.
const PACKAGES = ["typescript@5.9", "@types/node@20", "bun@1.4", "deno@2.9"];
const TSCONFIG = {
  compilerOptions: {
    target: "ES2022",
    module: "NodeNext",
    strict: true,
    skipLibCheck: true,
    outDir: "dist",
  },
  files: ["everyday.ts"],
};

/** A runtime, and the command that starts it. */
type Runtime = readonly [name: string, command: readonly [program: string, ...args: string[]]];

async function findRuntimes(project: string): Promise<Runtime[]> {
  const bin = (name: string) => join(project, "node_modules/.bin", name);
  const nodes: Runtime[] = [];
  for (const version of NODE_VERSIONS) {
    const { path } = await runStep(`finding Node ${version}`, () => findNode(version));
    nodes.push([`Node ${version}`, [path]]);
  }
  return [...nodes, ["Bun", [bin("bun")]], ["Deno", [bin("deno"), "run", "--allow-all"]]];
}

/** Compiles the TypeScript program with the types of the packed packages. Returns the JavaScript file. */
async function compile(project: string): Promise<string> {
  const program = await addEverydayProgram(project, "TypeScript");
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(TSCONFIG));
  const { code, output } = await runNode(["node_modules/typescript/bin/tsc"], { cwd: project });
  if (code !== 0) throw new Error(`tsc failed:\n${output}`);
  return join("dist", program.replace(/ts$/, "js"));
}

const folder = mkdtempSync(join(tmpdir(), "serving-kit-programs-"));
let project: Project | undefined;
try {
  const packed = await buildAndPack(join(folder, "packed"));
  const made = await runStep("installing them in a new project", () =>
    makeProject(packed, PACKAGES),
  );
  project = made;
  if (made.problem) throw new Error(made.problem);
  const files = [
    await runStep("compiling the TypeScript app", () => compile(made.folder)),
    await addEverydayProgram(made.folder, "JavaScript"),
  ];
  const runtimes = await findRuntimes(made.folder);
  for (const [name, command] of runtimes) {
    for (const file of files) {
      await runStep(`${name}: ${file}`, async () => {
        const got = await runProgram(made.folder, command, file);
        if (!isDeepStrictEqual(got, everydayOutput)) throw new Error(JSON.stringify(got));
      });
    }
  }
  const names = runtimes.map(([name]) => name).join(", ");
  process.stdout.write(`${files.join(" and ")} ran on ${names}.\n`);
} finally {
  if (project) removeProject(project);
  rmSync(folder, { recursive: true, force: true });
}
