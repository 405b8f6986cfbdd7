import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { ensureInstalled } from "./install.mjs";
import { root } from "./workspace.mjs";

// `npm run test:stores`: the source of object stores against versitygw, which Go builds, and moto, which pip installs.
// Both are kept in the cache folder. What cannot be had is skipped with a reason. SERVING_KIT_PYTHON names a Python.
const VERSITYGW = "github.com/versity/versitygw/cmd/versitygw@v1.8.0";
const cache = join(
  process.env.SERVING_KIT_CACHE ?? join(homedir(), ".cache/serving-kit"),
  "stores",
);
const python = process.env.SERVING_KIT_PYTHON ?? "python3";

function run(command, args, env = {}) {
  const options = { cwd: root, stdio: "inherit", env: { ...process.env, ...env } };
  return spawnSync(command, args, options).status === 0;
}

/** The path of a program that `make` puts there, once. */
function made(path, what, make) {
  if (existsSync(path) || (make() && existsSync(path))) return path;
  process.stdout.write(`skipped: ${what}\n`);
  return undefined;
}

mkdirSync(cache, { recursive: true });
await ensureInstalled();
const gateway =
  process.env.SERVING_KIT_VERSITYGW ??
  made(join(cache, "versitygw"), "versitygw needs Go, which was not found or failed", () =>
    run("go", ["install", VERSITYGW], { GOBIN: cache }),
  );
const venv = join(cache, "moto");
const moto =
  process.env.SERVING_KIT_MOTO ??
  made(join(venv, "bin/moto_server"), "moto needs Python with venv and pip", () => {
    const pip = join(venv, "bin/pip");
    return (
      run(python, ["-m", "venv", venv]) && run(pip, ["install", "--quiet", "moto[server]==5.*"])
    );
  });
const env = {
  ...(gateway && { SERVING_KIT_VERSITYGW: gateway }),
  ...(moto && { SERVING_KIT_MOTO: moto }),
};
const files = ["packages/source-object-store/test/stores"];
const args = ["vitest", "run", "--project", "native", ...files, "--testTimeout=120000"];
process.exitCode = run("npx", args, env) ? 0 : 1;
