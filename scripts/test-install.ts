import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { npx } from "./npx.mjs";
import { buildAndPack, installLines } from "./pack.js";
import { type Ran, run, runNode } from "./run.mjs";
import { showStep } from "./step-timer.mjs";
import { readManifest, root } from "./workspace.mjs";

// `npm run test:install`: verifies what a user gets. The lines that `npm run pack` prints are run in an empty
// project, by npm and by pnpm, where no compiler, make or Python can be found. The README's program, whose text
// is JavaScript as well as TypeScript, and the command run there on this Node.
const CLIENTS = { npm: "npm@10", pnpm: String(readManifest(".").packageManager) };
const ENTRIES = { npm: "npm/bin/npm-cli.js", pnpm: "pnpm/bin/pnpm.cjs" };
type Client = keyof typeof CLIENTS;
const PROGRAM = "examples/quickstart.ts";
const DATA = "examples/models/digits";

/** The entry file of a package manager, which npx brings. */
async function findEntry(client: Client): Promise<string> {
  const find = `
    const { existsSync, realpathSync } = require("node:fs");
    const found = process.env.PATH.split("${delimiter}")
      .map((folder) => folder + "/../${ENTRIES[client]}")
      .find((path) => existsSync(path));
    console.log(realpathSync(found));`;
  const { code, stdout, output } = await npx(CLIENTS[client], ["node", "--eval", find]);
  if (code !== 0) throw new Error(`${CLIENTS[client]} cannot be run:\n${output}`);
  return stdout.trim().split("\n").at(-1) ?? "";
}

/** A folder that is the only one of PATH: node, a shell with `cat`, and the package managers. */
async function bareBin(folder: string): Promise<string> {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  for (const name of ["sh", "cat"]) symlinkSync(`/bin/${name}`, join(bin, name));
  for (const client of ["npm", "pnpm"] as const) {
    const path = join(bin, client);
    writeFileSync(path, `#!/bin/sh\nexec node "${await findEntry(client)}" "$@"\n`);
    chmodSync(path, 0o755);
  }
  return bin;
}

async function step(label: string, action: () => Promise<Ran>): Promise<string> {
  const end = showStep(label);
  const { code, output, stdout } = await action();
  end(code === 0 ? "done" : "failed");
  if (code !== 0) throw new Error(`${label} failed with exit code ${code}:\n${output}`);
  return stdout;
}

async function expectNoCompiler(env: NodeJS.ProcessEnv): Promise<void> {
  for (const program of ["cc", "gcc", "make", "python", "python3"]) {
    const { code } = await run("sh", ["-c", `command -v ${program}`], { env });
    if (code === 0) throw new Error(`${program} can be found although PATH should not lead to it`);
  }
}

/** Installs by the printed lines in an empty project, and runs the program and the command there. */
async function tryClient(
  client: Client,
  lines: readonly string[],
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const project = join(folder, client);
  const options = { cwd: project, env };
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
  for (const line of lines) await step(line, () => run("sh", ["-c", line], options));
  cpSync(join(root, DATA), join(project, "models/digits"), { recursive: true });
  cpSync(join(root, PROGRAM), join(project, "quickstart.mjs"));
  const program = () => runNode(["quickstart.mjs"], options);
  process.stdout.write(await step("running the README's program", program));
  const doctor = () => runNode(["node_modules/serving-kit/dist/bin.js", "doctor"], options);
  const report = await step("running the command", doctor);
  const runtime = /^✓ \.tflite models: TensorFlow Lite (?:2\.21|2\.9)\..*$/m.exec(report)?.[0];
  if (runtime === undefined) throw new Error(`no TensorFlow Lite opens:\n${report}`);
  process.stdout.write(`${runtime}\n\nThe packed packages install with ${client} and run.\n\n`);
}

const folder = mkdtempSync(join(tmpdir(), "serving-kit-install-"));
try {
  const packed = await buildAndPack(join(folder, "packed"));
  const env = { PATH: await bareBin(folder), CI: "true" };
  await expectNoCompiler(env);
  const { npm, pnpm } = installLines(packed);
  await tryClient("npm", npm, folder, env);
  await tryClient("pnpm", pnpm, folder, env);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
