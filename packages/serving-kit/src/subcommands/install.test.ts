import {
  definePlatform,
  type InstallLibraryOptions,
  type LibraryReport,
} from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import type { PlatformRow } from "../platforms/platform-row.js";
import { install } from "./install.js";

const opened = { path: "/cache/libtensorflow_cc.so.2", origin: "cache folder", version: "2.21.0" };
const load = () => Promise.reject(new Error("not loaded"));

async function run(
  args: string[],
  {
    isNew = true,
    repaired = [],
    problem,
    says = opened.version,
  }: { isNew?: boolean; repaired?: string[]; problem?: string; says?: string } = {},
) {
  const calls: InstallLibraryOptions[] = [];
  const tensorflow = definePlatform({
    name: "tensorflow",
    load,
    async install(options) {
      calls.push(options);
      options.onProgress?.({ step: "downloading", bytes: 137e6, totalBytes: 274e6 });
      options.onProgress?.({ step: "unpacking", bytes: 0 });
      const folder = options.dir ?? "/cache";
      const { version = "2.21.0" } = options;
      return {
        ...{ name: "libtensorflow", version, folder, library: `${folder}/lib.so`, isNew, repaired },
        variable: "SERVING_KIT_TENSORFLOW_LIBRARY",
      };
    },
    libraryReport: async ({ library = "" }): Promise<LibraryReport> => ({
      name: "TensorFlow",
      ...(problem === undefined
        ? { opened: { ...opened, path: library, version: says } }
        : { problem }),
    }),
  });
  const platforms: readonly PlatformRow[] = [
    { name: "tensorflow", installHelp: "About libtensorflow.", load: async () => tensorflow() },
    { name: "tflite", load: async () => definePlatform({ name: "tflite", load })() },
  ];
  const output = { stdout: "", stderr: "" };
  const { signal } = new AbortController();
  const code = await install({ platforms }).run(args, {
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
    [["tensorflow", "--archives=https://mirror/tf/"], { archives: "https://mirror/tf" }],
  ])("passes on what %j asks for", async (args, options) => {
    const { code, calls } = await run(args, {
      says: "version" in options ? options.version : "2.21.0",
    });
    expect(code).toBe(0);
    const { onProgress, signal, ...passed } = calls[0] as InstallLibraryOptions;
    expect(passed).toEqual(options);
    expect([typeof onProgress, signal?.aborted]).toEqual(["function", false]);
  });

  it("shows progress on stderr, and on stdout the library's path and that it opens", async () => {
    const { stdout, stderr } = await run(["tensorflow"]);
    expect(stderr).toBe("downloading tensorflow (274 MB) 50 %\nunpacking tensorflow\n");
    expect(stdout).toBe(
      "libtensorflow 2.21.0 has been installed in /cache\nthe library opens and reports version 2.21.0 of TensorFlow\n",
    );
  });

  it("has what each platform of the table says of its library in its help", async () => {
    expect((await run(["--help"])).stdout).toContain("\n\nAbout libtensorflow.\n");
  });

  it("reports it when it was there, and how to use a folder of one's own", async () => {
    expect((await run(["tensorflow"], { isNew: false })).stdout).toContain(
      "libtensorflow 2.21.0 is already installed and intact in /cache\n",
    );
    expect((await run(["tensorflow", "--dir=/opt/tf"])).stdout).toContain(
      "set SERVING_KIT_TENSORFLOW_LIBRARY=/opt/tf/lib.so",
    );
  });

  it("exits with 1 if the installed library does not open", async () => {
    const { code, stderr } = await run(["tensorflow"], { problem: "SIGILL" });
    expect(code).toBe(1);
    expect(stderr).toContain("the installed library is intact but does not open: SIGILL\n");
  });

  it("reports which files were damaged and are installed again", async () => {
    const { code, stdout } = await run(["tensorflow"], { repaired: ["tf.so"] });
    expect(code).toBe(0);
    expect(stdout).toContain("2.21.0 (tf.so was damaged) has been repaired in /cache\n");
  });

  it("exits with 1 if the installed library reports another version", async () => {
    const { code, stderr } = await run(["tensorflow"], { says: "2.18.0" });
    expect(code).toBe(1);
    expect(stderr).toContain("expected version 2.21.0; got 2.18.0\n");
    expect((await run(["tensorflow", "--version=2.21.0rc1"], { says: "2.21.0-rc1" })).code).toBe(0);
  });

  it.each([
    [[], "ARGUMENT_MISSING"],
    [["tflite"], "ARGUMENT_INVALID"],
    [["tensorflow", "tflite"], "ARGUMENT_UNEXPECTED"],
    [["tensorflow", "--versoin=2"], "FLAG_UNKNOWN"],
    [["tensorflow", "--dir="], "FLAG_INVALID"],
    [["tensorflow", "--version=2 --hash"], "FLAG_INVALID"],
    [["tensorflow", "--archives=/opt/archives"], "FLAG_INVALID"],
  ])("refuses %j with %s and installs nothing", async (args, reason) => {
    await expect(run(args)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", reason });
  });
});
