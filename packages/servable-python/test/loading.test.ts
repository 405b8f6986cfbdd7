import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RAM_BYTES } from "@serving-kit/core";
import { describe, expect, it, vi } from "vitest";
import { findInterpreter } from "../src/interpreter.js";
import { python } from "../src/python.js";
import {
  ask,
  done,
  ID,
  INTERPRETER,
  keptLog,
  MODULES,
  noPython,
  open,
  temporaryFolder,
} from "./support.js";

const title = `loading${noPython ? ` (skipped: ${noPython})` : ""}`;
describe.skipIf(noPython)(title, () => {
  it("the function gets the path and the facts of the configuration; an export that is not named is found", async () => {
    const given = { config: { size: 3 }, modelType: "crashing", exportName: "load_servable" };
    const model = await open("crashes.py", given);
    expect(await ask(model, { do: "facts" })).toEqual({
      path: MODULES,
      config: {
        ...{ name: "m", version: 1, base_path: "/models" },
        ...{ model_type: "crashing", options: { size: 3 } },
      },
    });
    const other = await open("crashes.py", {});
    expect(await done(other, { do: "neighbour" })).toBe("a neighbour");
  });

  it("imports nothing from the working directory, and only absolute folders", async () => {
    const model = await open("crashes.py", { pythonPath: ["/some/folder"] });
    const path = (await done(model, { do: "path" })) as string[];
    expect(path.slice(0, 2)).toEqual([MODULES, "/some/folder"]);
    expect(path.every((folder) => folder.startsWith("/"))).toBe(true);
    expect(
      path.some((folder) => folder === process.cwd() || folder.includes("servable-python/python")),
    ).toBe(false);
  });

  it("imports the user's packages by their absolute folder, unless the environment is isolated", async () => {
    const folder = temporaryFolder();
    const interpreter = await findInterpreter(INTERPRETER);
    const env = { HOME: folder };
    const program =
      "import site, sys; print(site.getusersitepackages()); print(sys.prefix != sys.base_prefix)";
    const facts = execFileSync(interpreter, ["-I", "-c", program], { encoding: "utf8", env });
    const [site = "", isIsolated] = facts.trim().split("\n");
    mkdirSync(site, { recursive: true });
    const model = await open("crashes.py", { env });
    const path = (await done(model, { do: "path" })) as string[];
    expect(path.includes(site)).toBe(isIsolated === "False");
  });

  it("env differs by worker, and OMP_NUM_THREADS is the worker's part of the cores unless it is set", async () => {
    const model = await open("crashes.py", { workers: 2, env: { GPU: "{worker}" } });
    // Both are busy, so that each is asked once.
    const seen = await Promise.all(
      [0, 1].map(() => done(model, { do: "environment", name: "GPU" })),
    );
    expect(seen.sort()).toEqual(["0", "1"]);
    expect(
      Number(await done(model, { do: "environment", name: "OMP_NUM_THREADS" })),
    ).toBeGreaterThan(0);
    const own = await open("crashes.py", { env: { OMP_NUM_THREADS: "7" } });
    expect(await done(own, { do: "environment", name: "OMP_NUM_THREADS" })).toBe("7");
  });

  it.each([
    ["fails", "PYTHON_MODULE_FAILED", /loading the model failed: RuntimeError: no weights/],
    [
      "dies",
      "PYTHON_WORKER_DIED",
      /ended with exit code 9; its stderr ends with: about to die before the model/,
    ],
    [
      "gives_number",
      "PYTHON_MODULE_UNFIT",
      /gives_number must return an object with predict\(inputs\), or a callable/,
    ],
    ["number", "PYTHON_MODULE_UNFIT", /expected a class or function number; the module has/],
  ])("%s: %s", async (exportName, reason, message) => {
    const options = { exportName, workers: 2 };
    await expect(open("crashes.py", options)).rejects.toMatchObject({
      reason,
      message: expect.stringMatching(message),
    });
  });

  it("a start that takes too long is killed, and so is one that is aborted", async () => {
    const slow = { exportName: "is_slow" };
    await expect(open("crashes.py", { ...slow, startTimeoutMs: 300 })).rejects.toMatchObject({
      reason: "PYTHON_START_TIMED_OUT",
      message: expect.stringContaining("was not ready within 300 ms and was killed"),
    });
    const controller = new AbortController();
    const opening = open("crashes.py", { ...slow, signal: controller.signal });
    controller.abort("no longer wanted");
    await expect(opening).rejects.toBe("no longer wanted");
  });

  it("names what requirements.txt asks for and this Python does not have, and installs nothing", async () => {
    const folder = temporaryFolder();
    const requirements = [
      "# a comment",
      "serving-kit-no-such-package>=2",
      "--no-deps",
      "pip",
      "pip<0.1",
      "",
    ];
    writeFileSync(join(folder, "requirements.txt"), requirements.join("\n"));
    writeFileSync(join(folder, "model.py"), "import serving_kit_no_such_package\n");
    await expect(loadFolder(folder)).rejects.toMatchObject({
      reason: "PYTHON_MODULE_FAILED",
      message: expect.stringMatching(
        /No module named 'serving_kit_no_such_package'. Its requirements.txt .* Run: pip install 'serving-kit-no-such-package>=2'/,
      ),
    });
    writeFileSync(
      join(folder, "model.py"),
      "def load_servable(path, config): return lambda body: body\n",
    );
    const { lines, logger } = keptLog();
    await (await loadFolder(folder, logger))?.[Symbol.asyncDispose]?.();
    expect(lines.map(({ message }) => message)).toContainEqual(
      expect.stringContaining(
        "requirements that this Python does not meet: serving-kit-no-such-package>=2",
      ),
    );
  });

  it("a folder with model.py is a model, whose processes count as memory", async () => {
    const folder = temporaryFolder();
    const platform = python({ ...(INTERPRETER && { interpreter: INTERPRETER }) });
    expect(await platform.accepts(folder)).toBe(false);
    expect((await platform.isComplete(folder)).isComplete).toBe(false);
    writeFileSync(
      join(folder, "model.py"),
      "def load_servable(path, config): return lambda body: body\n",
    );
    expect(await platform.accepts(folder)).toBe(true);
    expect((await platform.isComplete(folder)).isComplete).toBe(true);
    expect(await python({ detect: false }).accepts(folder)).toBe(false);
    const { description } = (await platform.inspect?.(folder)) ?? {};
    expect(description).toMatch(/model\.py: a Python model\nIt answers bodies/);
    const loader = platform.loader({ path: folder, sizeBytes: 2 ** 20 }, ID);
    const before = (await loader.estimateResources?.()) ?? {};
    expect(before[RAM_BYTES]).toBeGreaterThan(200 * 2 ** 20);
    const model = await loader.load({ id: ID, signal: new AbortController().signal });
    if (process.platform === "linux") {
      const after = (await loader.estimateResources?.()) ?? {};
      expect(after[RAM_BYTES]).toBeLessThan(before[RAM_BYTES] ?? 0);
      expect(after[RAM_BYTES]).toBeGreaterThan(0);
    }
    await model[Symbol.asyncDispose]?.();
  });

  it("watch: a changed module is loaded again without a failed call; one that does not load changes nothing", async () => {
    const folder = temporaryFolder();
    const write = (answer: string) =>
      writeFileSync(
        join(folder, "model.py"),
        `def load_servable(path, config): return lambda body: ${answer}\n`,
      );
    write("b'1'");
    const { lines, logger } = keptLog();
    const model = await loadFolder(folder, logger, { watch: true });
    try {
      const answer = async () => {
        const { body } =
          (await model?.respond?.(new Uint8Array(0), "tensorflow-serving/predict+json")) ?? {};
        return Buffer.from(body ?? []).toString();
      };
      expect(await answer()).toBe("1");
      write("b'2'");
      await vi.waitFor(async () => expect(await answer()).toBe("2"), { timeout: 45_000 });
      write("1 +");
      const told = () =>
        lines.some(({ message }) => message.includes("not reloaded, the model stays as it was"));
      await vi.waitFor(() => expect(told()).toBe(true), { timeout: 45_000 });
      expect(await answer()).toBe("2");
    } finally {
      await model?.[Symbol.asyncDispose]?.();
    }
  });

  it("doctor: the interpreter and what it has", async () => {
    const report = await python({
      ...(INTERPRETER && { interpreter: INTERPRETER }),
    }).libraryReport?.();
    expect(report?.opened?.version).toMatch(/^3\.\d+\.\d+/);
    expect(report?.notes?.[0]).toMatch(/^packages: /);
    const missing = await python({ interpreter: "/no/python" }).libraryReport?.();
    expect(missing?.problem).toMatch(
      /expected a Python interpreter at \/no\/python; there is none/,
    );
  });
});

async function loadFolder(folder: string, logger = keptLog().logger, options = {}) {
  const platform = python({ ...(INTERPRETER && { interpreter: INTERPRETER }), ...options });
  return platform
    .loader({ path: folder }, ID)
    .load({ id: ID, signal: new AbortController().signal, logger });
}

describe("the interpreter", () => {
  it("is the given one, that of VIRTUAL_ENV, or python3 of the absolute folders on PATH", async () => {
    const folder = temporaryFolder();
    const bin = join(folder, "venv/bin");
    mkdirSync(bin, { recursive: true });
    for (const name of ["python", "python3", "pypy"]) {
      writeFileSync(join(bin, name), "");
      chmodSync(join(bin, name), 0o755);
    }
    const VIRTUAL_ENV = join(folder, "venv");
    expect(await findInterpreter(undefined, { VIRTUAL_ENV })).toBe(join(bin, "python"));
    expect(await findInterpreter("pypy", { VIRTUAL_ENV, PATH: bin })).toBe(join(bin, "pypy"));
    expect(await findInterpreter(join(bin, "python3"), {})).toBe(join(bin, "python3"));
    expect(await findInterpreter(undefined, { PATH: `.:bin:${bin}` })).toBe(join(bin, "python3"));
    await expect(
      findInterpreter(undefined, { PATH: ".:", VIRTUAL_ENV: "venv" }),
    ).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "PYTHON_NOT_FOUND",
    });
  });

  it.each([
    [
      { interpreter: "bin/python" },
      /option interpreter: expected an absolute path, or a name without a slash/,
    ],
    [{ workers: 0 }, /option workers: expected an integer from 1 to 256; got 0/],
    [{ env: { A: 1 } }, /option env: expected strings/],
    [{ pythonPath: ["lib"] }, /option pythonPath: expected an array of absolute paths/],
    [{ worker: 1 }, /option worker: expected one of interpreter, workers/],
  ])("%j is refused", (options, message) => {
    expect(() => python(options as never)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(message) }),
    );
  });
});
