import {
  definePlatform,
  type LibraryReport,
  type PlatformDefinition,
} from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import type { PlatformRow } from "../platforms/platform-row.js";
import { doctor } from "./doctor.js";

const works = (name: string): LibraryReport => ({
  name,
  opened: { path: `/cache/${name}.so`, origin: "cache folder", version: "2.21.0" },
  notes: [`not used: /python/${name}.so (Python package)`],
  cpuFeatures: ["avx", "fma"],
});

const fails = (name: string, problem: string): LibraryReport => ({
  ...{ name, cpuFeatures: ["avx"], problem, remedy: `install ${name}` },
});

/** A row of a platform whose library has a state. */
function row(
  name: string,
  report?: LibraryReport,
  change: Partial<PlatformDefinition<object> & PlatformRow> = {},
): PlatformRow {
  const { isRequired = false, ...members } = change;
  const platform = definePlatform({
    name,
    load: () => Promise.reject(new Error("not loaded")),
    ...(report && { libraryReport: async () => report }),
    ...(members as object),
  });
  return { name, isRequired, load: async () => platform() };
}

const rowsOf = (lite: LibraryReport, full: LibraryReport) => [
  row("tensorflow", full, { models: "SavedModels" }),
  row("tflite", lite, { models: ".tflite models", isRequired: true }),
];

async function runWith(platforms: readonly PlatformRow[], args: readonly string[] = []) {
  let stdout = "";
  const sink = { write: (text: string) => (stdout += text) };
  const { signal } = new AbortController();
  const code = await doctor({ platforms }).run(args, { stdout: sink, stderr: sink, signal });
  return { code, stdout };
}

const run = (lite: LibraryReport, full: LibraryReport) => runWith(rowsOf(lite, full));

describe("serving-kit doctor --models", () => {
  it("lists why this machine cannot load them, in the words of the command", async () => {
    const accepts = async () => true;
    const problems = ['unchecked: loads only with option uncheckedOps: "allow"'];
    const inspect = async (path: string) => ({
      description: "a model",
      problems: path === "/bad" ? problems : [],
    });
    const rows = [row("a", undefined, { accepts, inspect })];
    const { code, stdout } = await runWith(rows, ["--models=/bad,/good"]);
    expect(code).toBe(0);
    expect(stdout).toContain(
      "\n✗ /bad: 1 problem\n  unchecked: loads only with --tflite_unchecked_ops=allow\n" +
        "\n✓ /good: no problems\n",
    );
  });

  it("reports why a model cannot be described, or only its platform", async () => {
    const accepts = async () => true;
    const inspect = () => Promise.reject(new Error("it is damaged"));
    const damaged = await runWith([row("a", undefined, { accepts, inspect })], ["--models=/m"]);
    expect(damaged.stdout).toContain("\n✗ /m: 1 problem\n  it is damaged\n");
    const plain = await runWith([row("a", undefined, { accepts })], ["--models=/m"]);
    expect(plain.stdout).toContain("\n/m: model of the platform a\n");
  });
});

describe("serving-kit doctor", () => {
  it("reports the system, each library with its place, and unused libraries", async () => {
    const { code, stdout } = await run(works("tflite"), works("tensorflow"));
    expect(code).toBe(0);
    expect(stdout).toContain(` on Node ${process.versions.node}, ${process.platform}`);
    expect(stdout).toContain(" cores, avx fma\n");
    expect(stdout).toContain(
      [
        "✓ SavedModels: tensorflow 2.21.0",
        "  /cache/tensorflow.so (cache folder)",
        "  not used: /python/tensorflow.so (Python package)",
      ].join("\n"),
    );
    expect(stdout).toMatch(/\nEverything works: .*\n$/);
  });

  it("exits with 0 if only SavedModels cannot be served, with every place checked and the fix", async () => {
    const problem = "no library was found. Tried:\n  - cache folder: is empty";
    const { code, stdout } = await run(works("tflite"), fails("tensorflow", problem));
    expect(code).toBe(0);
    expect(stdout).toContain(
      [
        "✗ SavedModels: cannot open tensorflow",
        "  - cache folder: is empty",
        "  fix: install tensorflow",
      ].join("\n"),
    );
    expect(stdout).toMatch(
      /\n\.tflite models can be served; SavedModels cannot: install tensorflow\n$/,
    );
  });

  it("reports a damaged installed file and the command that fixes it, even if the library opens", async () => {
    const fixes = "serving-kit install tensorflow";
    const damaged = ["/cache/tf.so"];
    const line = `\n  damaged: /cache/tf.so; fix: ${fixes}\n`;
    const opens = await run(works("tflite"), { ...works("tensorflow"), damaged });
    expect(opens.code).toBe(0);
    expect(opens.stdout).toContain(line);
    expect(opens.stdout).toMatch(
      / but an installed library is damaged: serving-kit .* tensorflow\n$/,
    );
    const report = { ...fails("tensorflow", "SIGSEGV"), remedy: fixes, damaged };
    const dies = await run(works("tflite"), report);
    expect(dies.stdout).toContain(`\n  SIGSEGV\n  fix: ${fixes}${line}`);
    expect(dies.stdout).toContain(`SavedModels cannot: ${fixes}\n`);
  });

  it("loops over the table: a platform in it is reported, with a library or without", async () => {
    const { code, stdout } = await runWith([row("toy", works("toylib")), row("pure")]);
    expect(code).toBe(0);
    expect(stdout).toContain("\n✓ toy models: toylib 2.21.0\n  /cache/toylib.so (cache");
    expect(stdout).toContain("\n✓ pure models: no library needed\n");
    expect(stdout).toMatch(/Everything works: toy models and pure models can be served\.\n$/);
  });

  it("exits with 0 if the library of a platform that is not required does not open", async () => {
    const { code, stdout } = await runWith([row("toy", fails("toylib", "gone")), row("pure")]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\npure models can be served; toy models cannot: install toylib\n$/);
  });

  it.each([
    [works("tensorflow"), "SavedModels can be served; .tflite models cannot: install tflite"],
    [fails("tensorflow", "SIGILL"), "No models can be served: install tflite"],
  ])("exits with 1 if .tflite models cannot be served", async (full, verdict) => {
    const { code, stdout } = await run(fails("tflite", "killed by SIGILL"), full);
    expect(code).toBe(1);
    expect(stdout).toContain("✗ .tflite models: cannot open tflite\n  killed by SIGILL\n");
    expect(stdout.endsWith(`\n${verdict}\n`)).toBe(true);
  });
});
