import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { servableId, unload } from "@serving-kit/core";
import { type LibraryCandidate, openLibrary } from "@serving-kit/native-library";
import { describe, expect, it } from "vitest";
import { describeRuntime } from "../src/describe-runtime.js";
import { libraryReport, tflite } from "../src/index.js";
import { libraryCandidates, libraryRequirements } from "../src/native/library.js";
import { digits } from "./support.js";

const platform = `${process.platform}-${process.arch}`;
const newest = `npm package @serving-kit/tflite-${platform}`;
const fallback = `npm package @serving-kit/tflite-2.9-${platform}`;
const isNewestFor = ["linux-x64", "linux-arm64", "darwin-arm64", "darwin-x64"].includes(platform);
async function pathOf(origin: string): Promise<string | undefined> {
  const located = await libraryCandidates()
    .find((candidate) => candidate.origin === origin)
    ?.locate();
  return located && "path" in located ? located.path : undefined;
}

const newestPath = await pathOf(newest);
const fallbackPath = await pathOf(fallback);
/** The library that the second run of these tests, the project `tflite-2.9`, names. */
const named = process.env.SERVING_KIT_TFLITE_LIBRARY;
const isSecondRun = named !== undefined && named === fallbackPath;
// Continuous integration must test 2.21: there the tests run, and fail, without it.
const isExempt = !process.env.CI && (newestPath === undefined || Boolean(named));

describe.skipIf(!isNewestFor || isSecondRun || isExempt)(
  "the runtime (skipped: it is 2.9 here, or this platform has no 2.21)",
  () => {
    it("is 2.21 of the platform package", async () => {
      const { opened } = await libraryReport();
      expect(opened).toMatchObject({ version: "2.21.0", origin: newest, path: newestPath });
    });

    it("is logged when a model loads", async () => {
      const lines: [object, string][] = [];
      const info = (fields: object, message: string) => void lines.push([fields, message]);
      const logger = { info, warn: info, error: info };
      const id = servableId("digits", 1);
      const loader = tflite().loader({ path: digits("1") }, id);
      await unload(await loader.load({ id, signal: new AbortController().signal, logger }));
      expect(lines).toContainEqual([
        { model: "digits", version: "1", runtime: "2.21.0" },
        `model digits version 1: loading with TensorFlow Lite 2.21.0 (${newest})`,
      ]);
    });
  },
);

describe.skipIf(!isSecondRun)("the runtime of the second run (skipped: this is the first)", () => {
  it("is 2.9", async () => {
    expect((await libraryReport()).opened).toMatchObject({ version: "2.9.0", path: fallbackPath });
  });
});

describe("describeRuntime", () => {
  it("has the reason why the runtime is not the newest", () => {
    const attempts = [
      { origin: "environment variable SERVING_KIT_TFLITE_LIBRARY", outcome: "is not set" },
      { origin: "npm package a", outcome: "is not installed" },
    ];
    expect(describeRuntime({ version: "2.9.0", origin: "npm package b", attempts })).toBe(
      "TensorFlow Lite 2.9.0 (npm package b; npm package a: is not installed)",
    );
  });
});

/** A copy of the library that needs a version of glibc that does not exist. */
function needsNewerGlibc(path: string, folder: string): LibraryCandidate {
  const library = readFileSync(path);
  library.write("GLIBC_9.34", library.indexOf("GLIBC_2.34\0"));
  const copy = join(folder, "libjnitensorflowlite.so");
  writeFileSync(copy, library);
  return { origin: newest, locate: () => ({ path: copy }) };
}

const hasBoth = process.platform === "linux" && newestPath !== undefined && fallbackPath;

describe("on a system below the floor of 2.21", () => {
  it.skipIf(!hasBoth)("2.9 is used (skipped: both runtimes, on Linux, are needed)", async () => {
    const folder = mkdtempSync(join(tmpdir(), "serving-kit-floor-"));
    try {
      const candidates = libraryCandidates().map((candidate) =>
        candidate.origin === newest ? needsNewerGlibc(newestPath ?? "", folder) : candidate,
      );
      const withoutNamed = candidates.filter(({ isExplicit }) => !isExplicit);
      const requirements = libraryRequirements(withoutNamed);
      const library = await openLibrary({ ...requirements, name: "TensorFlow Lite, tested" });
      expect(library).toMatchObject({ version: "2.9.0", origin: fallback, path: fallbackPath });
      expect(library.attempts.at(-1)).toEqual({
        origin: newest,
        outcome: expect.stringMatching(/does not open: .*GLIBC_9\.34' not found/),
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
