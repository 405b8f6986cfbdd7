import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LibraryReport } from "@serving-kit/native-library";
import { describe, expect, it } from "vitest";
import { type DoctorTools, doctor } from "./doctor.js";

const works = (name: string): LibraryReport => ({
  name,
  places: [
    { origin: "cache folder", path: `/cache/${name}.so` },
    { origin: "Python package", path: `/python/${name}.so` },
  ],
  opened: { path: `/cache/${name}.so`, origin: "cache folder", version: "2.21.0", attempts: [] },
  cpuFeatures: ["avx", "fma"],
});

const fails = (name: string, problem: string): LibraryReport => ({
  ...{ name, places: [], cpuFeatures: ["avx"], problem, remedy: `install ${name}` },
});

async function run(
  lite: LibraryReport,
  full: LibraryReport,
  damaged: readonly string[] = [],
  models: readonly string[] = [],
) {
  let stdout = "";
  const sink = { write: (text: string) => (stdout += text) };
  const tools: DoctorTools = {
    examineTflite: async () => lite,
    examineTensorFlow: async () => full,
    checkInstallation: async () => ({ version: "2.21.0", folder: "/cache", damaged }),
    findOpLibraries: async () => [
      { name: "tensorflow-text", folder: "/python/text", libraries: ["/python/text/a.so"] },
      { name: "ydf-tf", libraries: [] },
    ],
  };
  const { signal } = new AbortController();
  const code = await doctor(tools).run(models.length > 0 ? [`--models=${models.join()}`] : [], {
    stdout: sink,
    stderr: sink,
    signal,
  });
  return { code, stdout };
}

describe("serving-kit doctor --models", () => {
  const model = (name: string) =>
    fileURLToPath(new URL(`../../../servable-tflite/test/models/${name}.tflite`, import.meta.url));

  it("lists the operands of models that nothing checks", async () => {
    const models = [model("unchecked"), model("dense")];
    const { stdout } = await run(works("tflite"), works("tensorflow"), [], models);
    expect(stdout).toMatch(
      /✗ .*unchecked\.tflite: 1 unchecked operands\n {2}\w+ of \w+ \(tensor "/,
    );
    expect(stdout).toContain("loads only with --tflite_unchecked_ops=allow");
    expect(stdout).toMatch(/✓ .*dense\.tflite: no unchecked operands\n/);
  });
});

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
    expect(stdout).toContain("  ops of tensorflow-text: 1 libraries in /python/text\n");
    expect(stdout).toContain("  ops of ydf-tf: not installed\n");
    expect(stdout).toMatch(/\nEverything works: .*\n$/);
  });

  it("reports why a library is not from an earlier place", async () => {
    const { opened, ...facts } = works("tflite");
    if (opened === undefined) throw new Error("tflite opens");
    const attempts = [
      { origin: "environment variable X", outcome: "is not set" },
      { origin: "npm package newest", outcome: "/newest.so does not open: GLIBC_2.34 not found" },
    ];
    const lite = { ...facts, opened: { ...opened, attempts } };
    const { stdout } = await run(lite, works("tensorflow"));
    expect(stdout).toContain(
      [
        "  /cache/tflite.so (cache folder)",
        "  not used: npm package newest: /newest.so does not open: GLIBC_2.34 not found",
        "  not used: /python/tflite.so (Python package)",
      ].join("\n"),
    );
    expect(stdout).not.toContain("is not set");
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

  it("tells which installed file is damaged, and the command that mends it, though it may open", async () => {
    const mends = "serving-kit install tensorflow";
    const damaged = `\n  damaged: ${join("/cache", "tf.so")}; what mends it: ${mends}\n`;
    const opens = await run(works("tflite"), works("tensorflow"), ["tf.so"]);
    expect(opens.code).toBe(0);
    expect(opens.stdout).toContain(damaged);
    expect(opens.stdout).toMatch(
      / but an installed library is damaged: serving-kit .* tensorflow\n$/,
    );
    const dies = await run(works("tflite"), fails("tensorflow", "SIGSEGV"), ["tf.so"]);
    expect(dies.stdout).toContain(`\n  SIGSEGV\n  what mends it: ${mends}${damaged}`);
    expect(dies.stdout).toContain(`SavedModels cannot: ${mends}\n`);
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
