import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  explicitPath,
  type LibraryCandidate,
  type LibraryRequirements,
  mappedLibrary,
  openLibrary,
  pythonPackage,
} from "../src/index.js";

const at = (path: string, origin = "a test"): LibraryCandidate => ({
  origin,
  locate: () => ({ path }),
});

/** The C library stands for any library: each test opens it under a name of its own. */
let names = 0;
const requirements = (changes: Partial<LibraryRequirements>): LibraryRequirements => ({
  name: `library ${names++}`,
  candidates: [mappedLibrary(/^libc\.so\.6$|^libc-/)],
  version: { symbol: "gnu_get_libc_version", atLeast: "2" },
  symbols: ["strlen"],
  remedy: "install a C library",
  ...changes,
});

const isGlibc = process.platform === "linux" && !existsSync("/etc/alpine-release");

describe.skipIf(!isGlibc)("openLibrary (on Linux with glibc)", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "serving-kit-open-"));
    writeFileSync(join(folder, "broken.so"), "this is not a library");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("opens the first candidate that has a library, and reports where it was", async () => {
    const library = await openLibrary(
      requirements({
        candidates: [
          { origin: "nowhere", locate: () => ({ missing: "is not there" }) },
          mappedLibrary(/^libc\.so\.6$|^libc-/),
        ],
      }),
    );
    expect(library.origin).toBe("libraries open in this process");
    expect(library.path).toMatch(/libc/);
    expect(library.version).toMatch(/^2\.\d+/);
  });

  it("skips a candidate that does not open, and keeps the reason", async () => {
    const candidates = [at(join(folder, "broken.so")), mappedLibrary(/^libc\.so\.6$|^libc-/)];
    const library = await openLibrary(requirements({ candidates }));
    expect(library.path).toMatch(/libc/);
    const outcome = expect.stringMatching(/broken\.so does not open/);
    expect(library.attempts).toEqual([{ origin: "a test", outcome }]);
  });

  it("does not skip a requested library, and reports its problem", async () => {
    const path = join(folder, "broken.so");
    const candidates = [...explicitPath("option library", path), mappedLibrary(/^libc/)];
    await expect(openLibrary(requirements({ candidates }))).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "NATIVE_LIBRARY_MISSING",
      message: expect.stringMatching(/option library: .*broken\.so.*(invalid|too short)/),
    });
  });

  it("lists everything that was tried, and what to do", async () => {
    const opening = openLibrary(
      requirements({
        name: "Example",
        candidates: [
          { origin: "environment variable X", locate: () => ({ missing: "is not set" }) },
          at(join(folder, "absent.so"), "npm package y"),
        ],
      }),
    );
    const message = await opening.catch((error: Error) => error.message);
    expect(message).toContain(`no Example library for ${process.platform}-${process.arch}`);
    expect(message).toContain("install a C library");
    expect(message).toContain("\n  - environment variable X: is not set");
    expect(message).toMatch(/\n {2}- npm package y: .*absent\.so.*No such file/);
  });

  it("rejects another version, and names it", async () => {
    const opening = openLibrary(
      requirements({ version: { symbol: "gnu_get_libc_version", atLeast: "3", below: "4" } }),
    );
    await expect(opening).rejects.toThrow(/its version is 2\.\d+; expected at least 3 and below 4/);
  });

  it("rejects a library without a required symbol, by name", async () => {
    const opening = openLibrary(requirements({ symbols: ["strlen", "no_such_function"] }));
    await expect(opening).rejects.toThrow("does not export no_such_function");
  });

  it("opens once: a second call, and one at the same time, get the same library", async () => {
    const wanted = requirements({});
    const [first, second] = await Promise.all([openLibrary(wanted), openLibrary(wanted)]);
    expect(first).toBe(second);
    expect(await openLibrary(wanted)).toBe(first);
  });

  it("rejects another path for a library that is open, and accepts the same path", async () => {
    const wanted = requirements({});
    const { path } = await openLibrary(wanted);
    const same = openLibrary({ ...wanted, candidates: explicitPath("option library", path) });
    expect((await same).path).toBe(path);
    const other = openLibrary({
      ...wanted,
      candidates: explicitPath("option library", "/other.so"),
    });
    await expect(other).rejects.toMatchObject({ reason: "NATIVE_LIBRARY_CONFLICT" });
  });

  it("searches again after a failure", async () => {
    const wanted = requirements({ candidates: [at(join(folder, "absent.so"))] });
    await expect(openLibrary(wanted)).rejects.toMatchObject({ reason: "NATIVE_LIBRARY_MISSING" });
    const candidates = [mappedLibrary(/^libc\.so\.6$|^libc-/)];
    expect((await openLibrary({ ...wanted, candidates })).path).toMatch(/libc/);
  });

  it("declares functions at their first use", async () => {
    const library = await openLibrary(requirements({}));
    const functions = library.functions({
      length: ["strlen", "size_t", "str"],
      missing: ["no_such_function", "void"],
    });
    expect(functions.length("four")).toBe(4);
    expect(functions.length).toBe(functions.length);
    expect(() => functions.missing).toThrow("does not export no_such_function");
    expect([library.has("strlen"), library.has("no_such_function")]).toEqual([true, false]);
  });

  it("pins opened libraries: they stay loaded without references", () => {
    const program = `
      import { readFileSync } from "node:fs";
      import koffi from "koffi";
      import { pinLibrary } from "./packages/native-library/src/pin-library.ts";
      const isMapped = () => readFileSync("/proc/self/maps", "utf8").includes("libresolv");
      koffi.load("libresolv.so.2").unload();
      const before = isMapped();
      await pinLibrary("libresolv.so.2", false);
      koffi.load("libresolv.so.2").unload();
      console.log(JSON.stringify([before, isMapped()]));`;
    const file = join(import.meta.dirname, `pin-${process.pid}.ts`);
    writeFileSync(file, program.replace("./packages/native-library/", "../"));
    try {
      const flags = ["--conditions=@serving-kit/source", "--import", "tsx"];
      const output = execFileSync(process.execPath, [...flags, file], { encoding: "utf8" });
      expect(JSON.parse(output)).toEqual([false, true]);
    } finally {
      rmSync(file);
    }
  });
});

describe("pythonPackage", () => {
  it("finds a file of a module without importing it, in the active environment", async () => {
    const located = await pythonPackage("json", ["decoder.py"]).locate();
    if ("missing" in located) return expect(located.missing).toContain("does not run");
    expect(readFileSync(located.path, "utf8")).toContain("JSONDecoder");
  });

  it("reports what it found in each Python", async () => {
    const located = await pythonPackage("no_such_module_anywhere", ["x.so"]).locate();
    expect(located).toEqual({
      missing: expect.stringMatching(/python3? does(n't| not) (have it|run)/),
    });
  });
});
