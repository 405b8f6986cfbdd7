import type { LibraryReport } from "@serving-kit/native-library";
import { describe, expect, it } from "vitest";
import { doctor } from "./doctor.js";

const works = (name: string): LibraryReport => ({
  name,
  places: [
    { origin: "cache folder", path: `/cache/${name}.so` },
    { origin: "Python package", path: `/python/${name}.so` },
  ],
  opened: { path: `/cache/${name}.so`, origin: "cache folder", version: "2.21.0" },
  cpuFeatures: ["avx", "fma"],
});

const fails = (name: string, problem: string): LibraryReport => ({
  ...{ name, places: [], cpuFeatures: ["avx"], problem, remedy: `install ${name}` },
});

async function run(lite: LibraryReport, full: LibraryReport) {
  let stdout = "";
  const sink = { write: (text: string) => (stdout += text) };
  const tools = { examineTflite: async () => lite, examineTensorFlow: async () => full };
  const { signal } = new AbortController();
  const code = await doctor(tools).run([], { stdout: sink, stderr: sink, signal });
  return { code, stdout };
}

describe("serving-kit doctor", () => {
  it("tells the system, each library with its place, and what is there but not used", async () => {
    const { code, stdout } = await run(works("tflite"), works("tensorflow"));
    expect(code).toBe(0);
    expect(stdout).toContain(` on Node ${process.versions.node}, ${process.platform}`);
    expect(stdout).toContain(" cores, avx fma\n");
    expect(stdout).toContain(
      [
        "✓ tensorflow 2.21.0 opens, for SavedModels",
        "  /cache/tensorflow.so (cache folder)",
        "  not used: /python/tensorflow.so (Python package)",
      ].join("\n"),
    );
    expect(stdout).toMatch(/\nEverything works: .*\n$/);
  });

  it("ends with 0 when only SavedModels cannot be served, with every place and what mends it", async () => {
    const problem = "no library was found. Tried:\n  - cache folder: is empty";
    const { code, stdout } = await run(works("tflite"), fails("tensorflow", problem));
    expect(code).toBe(0);
    expect(stdout).toContain(
      [
        "✗ tensorflow does not open, for SavedModels",
        "  - cache folder: is empty",
        "  what mends it: install tensorflow",
      ].join("\n"),
    );
    expect(stdout).toMatch(
      /\n\.tflite models can be served; SavedModels cannot: install tensorflow\n$/,
    );
  });

  it.each([
    [works("tensorflow"), "SavedModels can be served; .tflite models cannot: install tflite"],
    [fails("tensorflow", "SIGILL"), "Nothing can be served: install tflite"],
  ])("ends with 1 when .tflite models cannot be served", async (full, verdict) => {
    const { code, stdout } = await run(fails("tflite", "killed by SIGILL"), full);
    expect(code).toBe(1);
    expect(stdout).toContain("✗ tflite does not open, for .tflite models\n  killed by SIGILL\n");
    expect(stdout.endsWith(`\n${verdict}\n`)).toBe(true);
  });
});
