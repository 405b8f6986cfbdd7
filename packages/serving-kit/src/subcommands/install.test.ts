import type { InstallOptions } from "@serving-kit/servable-tensorflow";
import { describe, expect, it } from "vitest";
import { type InstallTools, install } from "./install.js";

const opened = { path: "/cache/libtensorflow_cc.so.2", origin: "cache folder", version: "2.21.0" };

async function run(
  args: string[],
  { isNew = true, problem }: { isNew?: boolean; problem?: string } = {},
) {
  const calls: InstallOptions[] = [];
  const tools: InstallTools = {
    async install(options = {}) {
      calls.push(options);
      options.onProgress?.({ step: "downloading", bytes: 137e6, totalBytes: 274e6 });
      options.onProgress?.({ step: "unpacking", bytes: 0 });
      const folder = options.dir ?? "/cache";
      return { version: options.version ?? "2.21.0", folder, library: `${folder}/lib.so`, isNew };
    },
    examine: async (path) => ({
      ...{ name: "TensorFlow", places: [], cpuFeatures: [] },
      ...(problem === undefined ? { opened: { ...opened, path: path ?? "" } } : { problem }),
    }),
  };
  const output = { stdout: "", stderr: "" };
  const { signal } = new AbortController();
  const code = await install(tools).run(args, {
    signal,
    stdout: { write: (text) => (output.stdout += text) },
    stderr: { write: (text) => (output.stderr += text) },
  });
  return { code, calls, ...output };
}

describe("serving-kit install", () => {
  it.each([
    [["tensorflow"], {}],
    [["tensorflow", "--version=2.20.0"], { version: "2.20.0" }],
    [["--dir", "/opt/tf", "tensorflow"], { dir: "/opt/tf" }],
  ])("passes on what %j asks for", async (args, options) => {
    const { code, calls } = await run(args);
    expect(code).toBe(0);
    const { onProgress, signal, ...passed } = calls[0] as InstallOptions;
    expect(passed).toEqual(options);
    expect([typeof onProgress, signal?.aborted]).toEqual(["function", false]);
  });

  it("shows progress on stderr, and on stdout where the library is and that it opens", async () => {
    const { stdout, stderr } = await run(["tensorflow"]);
    expect(stderr).toBe("downloading libtensorflow (274 MB) 50 %\nunpacking libtensorflow\n");
    expect(stdout).toBe(
      "libtensorflow 2.21.0 is installed in /cache\nit opens, and says that it is TensorFlow 2.21.0\n",
    );
  });

  it("says so when it was there, and how to use a folder of one's own", async () => {
    expect((await run(["tensorflow"], { isNew: false })).stdout).toContain("was there already, in");
    expect((await run(["tensorflow", "--dir=/opt/tf"])).stdout).toContain(
      "set SERVING_KIT_TENSORFLOW_LIBRARY=/opt/tf/lib.so",
    );
  });

  it("ends with 1 when what it installed does not open", async () => {
    const { code, stderr } = await run(["tensorflow"], { problem: "SIGILL" });
    expect(code).toBe(1);
    expect(stderr).toContain("but it does not open: SIGILL\n");
    const old = await run(["tensorflow"], { problem: "SIGILL", isNew: false });
    expect(old.stderr).toContain("SIGILL; remove /cache and run this again");
  });

  it.each([
    [[], "ARGUMENT_MISSING"],
    [["tflite"], "ARGUMENT_INVALID"],
    [["tensorflow", "tflite"], "ARGUMENT_UNEXPECTED"],
    [["tensorflow", "--versoin=2"], "FLAG_UNKNOWN"],
    [["tensorflow", "--dir="], "FLAG_INVALID"],
    [["tensorflow", "--version=2 --hash"], "FLAG_INVALID"],
  ])("refuses %j with %s and installs nothing", async (args, reason) => {
    await expect(run(args)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", reason });
  });
});
