import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cachedFile, environmentVariable, explicitPath, nodePackage } from "./library-candidate.js";

describe("library candidates", () => {
  const variables = { ...process.env };
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "serving-kit-candidates-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
    process.env = { ...variables };
  });

  it("explicitPath is not a candidate without a path, and the only one tried with one", () => {
    expect(explicitPath("option library", undefined)).toEqual([]);
    const [candidate] = explicitPath("option library", "lib.so");
    expect(candidate).toMatchObject({ origin: "option library", isExplicit: true });
    expect(candidate?.locate()).toEqual({ path: resolve("lib.so") });
  });

  it("environmentVariable reports a variable that is not set or empty", () => {
    process.env.SERVING_KIT_TEST_LIBRARY = "";
    expect(environmentVariable("SERVING_KIT_TEST_LIBRARY").locate()).toEqual({
      missing: "is not set",
    });
    process.env.SERVING_KIT_TEST_LIBRARY = "/lib/x.so";
    const candidate = environmentVariable("SERVING_KIT_TEST_LIBRARY");
    expect(candidate).toMatchObject({ isExplicit: true });
    expect(candidate.locate()).toEqual({ path: resolve("/lib/x.so") });
  });

  it("nodePackage finds the first of the files in an installed package, and reports what is missing", () => {
    const from = pathToFileURL(join(folder, "index.js")).href;
    expect(nodePackage("@x/native", ["lib/a.so"], from).locate()).toEqual({
      missing: "is not installed",
    });
    const home = join(folder, "node_modules/@x/native");
    mkdirSync(join(home, "lib"), { recursive: true });
    writeFileSync(join(home, "package.json"), "{}");
    expect(nodePackage("@x/native", ["lib/a.so", "lib/b.so"], from).locate()).toEqual({
      missing: expect.stringContaining("has no lib/a.so or lib/b.so"),
    });
    writeFileSync(join(home, "lib/b.so"), "");
    expect(nodePackage("@x/native", ["lib/a.so", "lib/b.so"], from).locate()).toEqual({
      path: expect.stringMatching(/b\.so$/),
    });
  });

  it("cachedFile looks in the folder of SERVING_KIT_CACHE", () => {
    process.env.SERVING_KIT_CACHE = folder;
    expect(cachedFile("x/lib.so").locate()).toHaveProperty("missing");
    mkdirSync(join(folder, "x"));
    writeFileSync(join(folder, "x/lib.so"), "");
    expect(cachedFile("x/lib.so").locate()).toEqual({ path: join(folder, "x/lib.so") });
  });
});
