import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildAndPack } from "./pack.js";
import { runNode } from "./run.mjs";
import { showStep } from "./step-timer.mjs";
import { publishedPackages, root } from "./workspace.mjs";

// `npm run check:package`: builds and packs every package, then asks publint and attw whether the
// tarball will be understood by Node, bundlers and TypeScript.
const folder = mkdtempSync(join(tmpdir(), "serving-kit-packages-"));
let failures = 0;

async function check(label: string, args: readonly string[]): Promise<void> {
  const end = showStep(label);
  const { code, output } = await runNode(args);
  end(code === 0 ? "passed" : "failed");
  process.stdout.write(`${code === 0 ? "✓" : "✗"} ${label}\n`);
  if (code === 0) return;
  failures++;
  process.stdout.write(`${output}\n`);
}

try {
  const { kit, more } = await buildAndPack(folder);
  for (const { manifest } of publishedPackages()) {
    const file = `${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`;
    const tarball = [...kit, ...more].find((name) => name.endsWith(`/${file}`));
    if (tarball === undefined) throw new Error(`${manifest.name} was not packed as ${file}`);
    const bin = (name: string) => join(root, "node_modules", name);
    await check(`publint ${manifest.name}`, [bin("publint/src/cli.js"), "--strict", tarball]);
    await check(`attw ${manifest.name}`, [
      bin("@arethetypeswrong/cli/dist/index.js"),
      "--profile=esm-only",
      tarball,
    ]);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failures > 0 ? 1 : 0;
