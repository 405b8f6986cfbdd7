import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { examineOnnxRuntime, libraryReport } from "../src/index.js";
import { hasLibrary, skipped } from "./support.js";

const isLinux = process.platform === "linux";

/** Loads and calls a model in another process, which may be run by a program. */
function runChild(where: string, ...program: readonly string[]) {
  const home = mkdtempSync(join(tmpdir(), "serving-kit-home-"));
  try {
    const child = fileURLToPath(new URL("./telemetry-child.ts", import.meta.url));
    const flags = ["--conditions=@serving-kit/source", "--import", "tsx"];
    const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
    const [file = "", ...args] = [...program, process.execPath, ...flags, child, where];
    const output = execFileSync(file, args, {
      env: { ...env, HOME: home, XDG_CACHE_HOME: join(home, "cache") },
      encoding: "utf8",
    });
    const written = readdirSync(home, { recursive: true }).map(String);
    return { ...(JSON.parse(output) as { names: string[]; files: boolean }), written };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

const traces = spawnSync("strace", ["-qq", "-e", "trace=none", "true"]);
const noTrace = traces.status === 0 ? skipped : " [skipped: strace does not run]";

describe.skipIf(!hasLibrary || !isLinux)(`telemetry${skipped}`, () => {
  it.each(["main", "worker"])("is off in the %s thread: no thread, no file", (where) => {
    const { names, files, written } = runChild(where);
    const foreign = names.filter(
      (name) =>
        !/^(node|MainThread|WorkerThread|tsx|esbuild|libuv|V8|DelayedTask|Signal)/i.test(name),
    );
    expect([foreign, files]).toEqual([[], false]);
    expect(written.filter((name) => /onnx|Microsoft|DeveloperTools/i.test(name))).toEqual([]);
  });

  it.skipIf(noTrace)(`looks up no name: it has no socket of the internet${noTrace}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "serving-kit-trace-"));
    try {
      const log = join(folder, "calls");
      runChild("main", "strace", "-f", "-qq", "-e", "trace=socket,execve", "-o", log);
      const calls = readFileSync(log, "utf8");
      expect(calls).toContain("execve(");
      expect(calls).not.toMatch(/socket\(AF_INET/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe.skipIf(!hasLibrary)(`the library${skipped}`, () => {
  it("is reported with its version and place, after another process has opened it", async () => {
    const report = await examineOnnxRuntime();
    expect(report.opened?.version).toMatch(/^1\.\d+\.\d+$/);
    expect(report.problem).toBeUndefined();
  });
});

describe("a library that is missing", () => {
  it("is a problem with a remedy", async () => {
    const report = await libraryReport("/nowhere/libonnxruntime.so");
    if (report.opened !== undefined) throw new Error("it opened");
    expect(report.problem).toMatch(/nowhere/);
    expect(report.remedy).toMatch(/option library/);
  });
});
