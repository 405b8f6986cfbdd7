import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { ensureInstalled } from "./install.mjs";
import { npx } from "./npx.mjs";
import { buildAndPack, packageFolders } from "./pack.mjs";
import { showProgress } from "./progress.mjs";
import { run, runNode } from "./run.mjs";
import { readJson, root } from "./workspace.mjs";

// `npm run test:install`: what a user gets. Every package is packed, the tarballs are installed by
// npm 10 into an empty project where no compiler, make or Python can be found, and the README's
// program, whose text is JavaScript as well as TypeScript, runs there on this Node.
const NPM = "npm@10";
const PROGRAM = "examples/quickstart.ts";
const DATA = "examples/models/digits";

/** A folder with nothing but node and a shell, to be the whole PATH. */
function bareBin(folder) {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  if (process.platform !== "win32") symlinkSync("/bin/sh", join(bin, "sh"));
  return bin;
}

/** The entry file of npm 10. */
async function findNpm() {
  const find = `
    const { existsSync, realpathSync } = require("node:fs");
    const found = process.env.PATH.split("${delimiter}")
      .map((folder) => folder + "/../npm/bin/npm-cli.js")
      .find((path) => existsSync(path));
    console.log(realpathSync(found));`;
  const { code, stdout, output } = await npx(NPM, ["node", "--eval", find]);
  if (code !== 0) throw new Error(`${NPM} cannot be run:\n${output}`);
  return stdout.trim().split("\n").at(-1);
}

/** A project that depends on every tarball; those for other platforms are optional, as in real life. */
function writeProject(folder, tarballs) {
  const project = {
    name: "empty",
    private: true,
    type: "module",
    dependencies: {},
    optionalDependencies: {},
  };
  for (const packageFolder of packageFolders()) {
    const { name, version, os } = readJson(`${packageFolder}/package.json`);
    const file = `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
    const tarball = tarballs.find((path) => path.endsWith(`/${file}`));
    if (!tarball) throw new Error(`${packageFolder} was not packed as ${file}`);
    const group = os === undefined ? project.dependencies : project.optionalDependencies;
    group[name] = `file:${tarball}`;
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify(project, null, 2));
}

async function step(label, action) {
  const end = showProgress(label);
  const { code, output, stdout } = await action();
  end(code === 0 ? "done" : "failed");
  if (code !== 0) throw new Error(`${label} failed with exit code ${code}:\n${output}`);
  return stdout;
}

const folder = mkdtempSync(join(tmpdir(), "serving-kit-install-"));
try {
  await ensureInstalled();
  const packed = join(folder, "packed");
  const project = join(folder, "project");
  mkdirSync(packed);
  mkdirSync(project);
  writeProject(project, await buildAndPack(packed));
  const npm = await findNpm();
  const options = { cwd: project, env: { PATH: bareBin(folder), Path: undefined } };
  for (const program of ["cc", "gcc", "make", "python", "python3"]) {
    const { code } = await run("sh", ["-c", `command -v ${program}`], options);
    if (code === 0) throw new Error(`${program} can be found although PATH should not lead to it`);
  }
  await step(`installing the tarballs with ${NPM}`, () =>
    runNode([npm, "install", "--no-audit", "--no-fund", "--install-strategy=hoisted"], options),
  );
  cpSync(join(root, DATA), join(project, "models/digits"), { recursive: true });
  cpSync(join(root, PROGRAM), join(project, "quickstart.mjs"));
  const answer = await step("running the README's program", () =>
    runNode(["quickstart.mjs"], options),
  );
  process.stdout.write(answer);
  const version = await step("running the command", () =>
    runNode(["node_modules/serving-kit/dist/bin.js", "--version"], options),
  );
  process.stdout.write(version);
  process.stdout.write("\nThe packed packages install with npm alone and run.\n");
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
