import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findProgram, pythonPrograms, pythonSurroundings } from "./python.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(process.platform === "win32")("pythonPrograms", () => {
  it("has absolute paths alone: of the virtual environment, then of PATH", async () => {
    await mkdir(join(folder, "bin"));
    const python = join(folder, "bin/python3");
    await writeFile(python, "");
    await chmod(python, 0o755);
    const PATH = ["", ".", "bin", join(folder, "none"), join(folder, "bin")].join(delimiter);
    expect(pythonPrograms({ PATH, VIRTUAL_ENV: "/venv" })).toEqual(["/venv/bin/python", python]);
    expect(pythonPrograms({ PATH, VIRTUAL_ENV: "venv" })).toEqual([python]);
    expect(findProgram("pip3", { PATH })).toEqual([]);
  });
});

describe("pythonSurroundings", () => {
  it("is an empty folder and an environment without relative paths, and is removed", async () => {
    const absolute = join(folder, "lib");
    const PYTHONPATH = ["", ".", "lib", absolute].join(delimiter);
    const surroundings = await pythonSurroundings({ PYTHONPATH, HOME: "/home/a" });
    const { cwd, env } = surroundings;
    expect(env).toEqual({ PYTHONPATH: absolute, HOME: "/home/a", PYTHONSAFEPATH: "1" });
    expect((await stat(cwd)).isDirectory()).toBe(true);
    await surroundings[Symbol.asyncDispose]();
    await expect(stat(cwd)).rejects.toMatchObject({ code: "ENOENT" });
    await using none = await pythonSurroundings({ PYTHONPATH: "." });
    expect(none.env).not.toHaveProperty("PYTHONPATH");
  });
});
