import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { ensureMoto } from "./moto.js";
import { root } from "./workspace.mjs";

// `npm run test:stores`: the source of object stores against versitygw, which Go builds, and moto, which pip installs,
// with a file of more than 4 GiB. Both are kept in the cache folder. What cannot be had is skipped with a reason.
// SERVING_KIT_PYTHON names a Python; SERVING_KIT_VERSITYGW and SERVING_KIT_MOTO name programs that are there.
const VERSITYGW = "github.com/versity/versitygw/cmd/versitygw@v1.8.0";
const MOTO_TIMEOUT_MS = 900_000;
const cache = join(
  process.env.SERVING_KIT_CACHE ?? join(homedir(), ".cache/serving-kit"),
  "stores",
);

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): boolean {
  return (
    spawnSync(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } })
      .status === 0
  );
}

/** Returns the path of versitygw, which Go builds the first time. If that fails, it prints the reason. */
function findVersitygw(): string | undefined {
  if (process.env.SERVING_KIT_VERSITYGW) return process.env.SERVING_KIT_VERSITYGW;
  const path = join(cache, "versitygw");
  if (existsSync(path)) return path;
  process.stdout.write("building versitygw, which takes some minutes\n");
  mkdirSync(cache, { recursive: true });
  if (run("go", ["install", VERSITYGW], { GOBIN: cache }) && existsSync(path)) return path;
  process.stdout.write("skipped: versitygw needs Go, which was not found or failed\n");
  return undefined;
}

const gateway = findVersitygw();
const moto = await ensureMoto(MOTO_TIMEOUT_MS);
if (moto.path === undefined) process.stdout.write(`skipped: moto cannot be had: ${moto.reason}\n`);
const files = [
  "packages/source-object-store/test/stores",
  "examples/object-store/object-store.e2e.test.ts",
];
const args = ["vitest", "run", "--project=native", "--project=e2e", ...files];
const isPassed = run("npx", [...args, "--testTimeout=120000"], {
  ...(gateway && { SERVING_KIT_VERSITYGW: gateway, SERVING_KIT_LARGE: "1" }),
  ...(moto.path && { SERVING_KIT_MOTO: moto.path }),
});
process.exitCode = isPassed ? 0 : 1;
