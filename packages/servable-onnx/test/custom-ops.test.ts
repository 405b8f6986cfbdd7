import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tensor } from "@serving-kit/inference";
import { pythonModuleFolder, pythonPrograms } from "@serving-kit/native-library";
import { afterAll, describe, expect, it } from "vitest";
import { onnx } from "../src/index.js";
import { hasLibrary, id, loadNamed, modelFile, skipped } from "./support.js";

const folder = mkdtempSync(join(tmpdir(), "serving-kit-custom-ops-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The path of a library with MyOp. */
function compile(...flags: string[]): string {
  const path = join(folder, `my-op${flags.join("")}.so`);
  const source = fileURLToPath(new URL("native/my-op.c", import.meta.url));
  execFileSync("cc", ["-shared", "-fPIC", "-O1", "-o", path, ...flags, source]);
  return path;
}

const hasCompiler = spawnSync("cc", ["--version"]).status === 0;
const noCompiler = hasLibrary && !hasCompiler ? " [skipped: there is no C compiler cc]" : skipped;

describe.skipIf(noCompiler)(`customOpLibraries${noCompiler}`, () => {
  it("has the operators that a model needs", async () => {
    await using predictor = await loadNamed("custom-op", {
      options: { customOpLibraries: [compile()] },
    });
    const x = tensor("float32", [3], [1, 2, 3]);
    for (let round = 0; round < 3; round++) {
      expect((await predictor.predict({ x })).y).toEqual(tensor("float32", [3], [2, 3, 4]));
    }
  });

  it("that aborts the process aborts only the canary", async () => {
    const customOpLibraries = [compile("-DABORTS")];
    const loader = onnx({ canary: {}, customOpLibraries }).loader(
      { path: modelFile("custom-op") },
      id,
    );
    const probing = loader.probe?.({ id, signal: new AbortController().signal });
    await expect(probing).rejects.toMatchObject({
      reason: "CANARY_KILLED",
      message: expect.stringContaining("SIGABRT"),
    });
  });
});

describe.skipIf(!hasLibrary)(`a library of operators that cannot be used${skipped}`, () => {
  it("is an error with its path", async () => {
    const options = { customOpLibraries: ["/nowhere/libmy-op.so"] };
    await expect(loadNamed("custom-op", { options })).rejects.toMatchObject({
      reason: "SESSION_OPTIONS_REFUSED",
      message: expect.stringContaining("/nowhere/libmy-op.so"),
    });
  });
});

/** The library of Python's onnxruntime-extensions, and Python's own, whose symbols it needs. */
async function findExtensions() {
  const module = await pythonModuleFolder("onnxruntime_extensions");
  if (module === undefined) return undefined;
  const library = readdirSync(module).find((name) => /^_extensions_pydll.*\.so$/.test(name));
  const script = `
import sysconfig
print(sysconfig.get_config_var("LIBDIR") + "/" + sysconfig.get_config_var("INSTSONAME"))`;
  const python = execFileSync(pythonPrograms()[0] ?? "python3", ["-c", script], {
    encoding: "utf8",
  });
  const found = { library: join(module, library ?? ""), python: python.trim() };
  return library !== undefined && existsSync(found.python) ? found : undefined;
}

const extensions = await findExtensions();
const noExtensions =
  hasLibrary && extensions === undefined
    ? " [skipped: there is no Python with onnxruntime-extensions and its libpython]"
    : skipped;

describe.skipIf(noExtensions)(`onnxruntime-extensions${noExtensions}`, () => {
  it("of Python's package runs in a process that has Python's symbols", () => {
    const { library = "", python = "" } = extensions ?? {};
    const child = fileURLToPath(new URL("./extensions-child.ts", import.meta.url));
    const flags = ["--conditions=@serving-kit/source", "--import", "tsx"];
    const output = execFileSync(process.execPath, [...flags, child, library], {
      env: { ...process.env, LD_PRELOAD: python },
      encoding: "utf8",
    });
    expect(JSON.parse(output)).toEqual(["ABC", "DEF"]);
  });

  it("is rejected without them, with the name of a symbol", async () => {
    const options = { customOpLibraries: [extensions?.library ?? ""] };
    await expect(loadNamed("upper", { options })).rejects.toMatchObject({
      reason: "SESSION_OPTIONS_REFUSED",
      message: expect.stringMatching(/undefined symbol: _?Py/),
    });
  });
});
