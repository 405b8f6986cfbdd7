import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { addEverydayProgram, everydayOutput, runProgram } from "./apps/everyday-app.mjs";
import { makeProject, removeProject } from "./apps/project.mjs";
import { ensureInstalled } from "./install.mjs";
import { findNode, NODE_VERSIONS } from "./node-versions.mjs";
import { buildAndPack } from "./pack.mjs";
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

/** The name and the command of each runtime. */
async function findRuntimes(project) {
  const bin = (name) => join(project, "node_modules/.bin", name);
  const nodes = [];
  for (const version of NODE_VERSIONS) {
    const { path } = await runStep(`finding Node ${version}`, () => findNode(version));
    nodes.push([`Node ${version}`, [path]]);
  }
  return [...nodes, ["Bun", [bin("bun")]], ["Deno", [bin("deno"), "run", "--allow-all"]]];
}

/** Compiles the TypeScript program with the types of the packed packages. Returns the JavaScript file. */
async function compile(project) {
  const program = await addEverydayProgram(project, "TypeScript");
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(TSCONFIG));
  const { code, output } = await runNode(["node_modules/typescript/bin/tsc"], { cwd: project });
  if (code !== 0) throw new Error(`tsc failed:\n${output}`);
  return join("dist", program.replace(/ts$/, "js"));
}

const folder = mkdtempSync(join(tmpdir(), "serving-kit-programs-"));
let project = { folder };
try {
  await ensureInstalled();
  const packed = await buildAndPack(join(folder, "packed"));
  project = await runStep("installing them in a new project", () => makeProject(packed, PACKAGES));
  if (project.problem) throw new Error(project.problem);
  const files = [
    await runStep("compiling the TypeScript app", () => compile(project.folder)),
    await addEverydayProgram(project.folder, "JavaScript"),
  ];
  const runtimes = await findRuntimes(project.folder);
  for (const [name, command] of runtimes) {
    for (const file of files) {
      await runStep(`${name}: ${file}`, async () => {
        const got = await runProgram(project.folder, command, file);
        if (!isDeepStrictEqual(got, everydayOutput)) throw new Error(JSON.stringify(got));
      });
    }
  }
  const names = runtimes.map(([name]) => name).join(", ");
  process.stdout.write(`${files.join(" and ")} ran on ${names}.\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  removeProject(project);
  rmSync(folder, { recursive: true, force: true });
}
