import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findPython } from "../../server/test/python.js";

const python = findPython();
const skipReason = python === undefined ? " [skipped: needs Python]" : "";

let folder: string;
const at = (path: string) => join(folder, path);

/** Writes a file that notes that it ran. */
async function plant(path: string, content: string): Promise<void> {
  await mkdir(dirname(at(path)), { recursive: true });
  await writeFile(at(path), content, { mode: 0o755 });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
  const note = `open(${JSON.stringify(at("ran"))}, "w")\n`;
  for (const module of ["pip", "importlib", "sys", "os", "tensorflow"]) {
    await plant(`${module}.py`, note);
  }
  await plant("pip/__main__.py", note);
  await plant("tensorflow/__init__.py", note);
  for (const name of ["libtensorflow_cc.so.2", "libtensorflow.so.2"]) {
    await plant(`tensorflow/${name}`, "planted");
    await plant(`node_modules/@tensorflow/tfjs-node/deps/lib/${name}`, "planted");
  }
  await plant("node_modules/@tensorflow/tfjs-node/package.json", "{}");
  for (const program of ["python3", "python", "pip3"]) {
    await plant(program, `#!/bin/sh\necho > ${JSON.stringify(at("ran"))}\n`);
  }
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs code of this package in the folder, with a Python on PATH after the folder itself. */
async function runThere(code: string): Promise<unknown> {
  const source = pathToFileURL(resolve(import.meta.dirname, "../src")).href;
  const script = `${code.replaceAll("SRC", source)}`;
  const bin = await mkdtemp(join(tmpdir(), "serving-kit-bin-"));
  await symlink(python as string, join(bin, "python3"));
  const { VIRTUAL_ENV: _venv, ...env } = process.env;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@serving-kit/source", "--import", tsx, "--input-type=module", "-e", script],
    {
      cwd: folder,
      env: {
        ...{ ...env, SERVING_KIT_CACHE: at("none"), PYTHONPATH: ["", "."].join(delimiter) },
        PATH: ["", ".", bin].join(delimiter),
      },
    },
  );
  return JSON.parse(stdout);
}

const tsx = fileURLToPath(import.meta.resolve("tsx"));

describe.skipIf(skipReason)(`a working directory with planted files${skipReason}`, () => {
  it("returns no library", async () => {
    const places = (await runThere(`
      const { libraryCandidates } = await import("SRC/native/library.ts");
      const places = await Promise.all(libraryCandidates().map((each) => each.locate()));
      process.stdout.write(JSON.stringify(places.map(({ path }) => path ?? null)));
    `)) as readonly (string | null)[];
    expect(places.filter((path) => path?.startsWith(folder))).toEqual([]);
    expect(existsSync(at("ran"))).toBe(false);
  });

  it("returns no pip", async () => {
    const pip = (await runThere(`
      const { findPip } = await import("SRC/../../native-library/src/install/pip.ts");
      process.stdout.write(JSON.stringify((await findPip()) ?? null));
    `)) as { command: string } | null;
    expect(pip?.command.startsWith(folder) ?? false).toBe(false);
    expect(existsSync(at("ran"))).toBe(false);
  });
});
