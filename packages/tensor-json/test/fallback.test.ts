import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it, vi } from "vitest";

const child = fileURLToPath(new URL("fallback-child.ts", import.meta.url));
const PROGRAM = ["--conditions=@serving-kit/source", "--import", "tsx", child];

const run = (flags: readonly string[]) =>
  JSON.parse(execFileSync(process.execPath, [...flags, ...PROGRAM], { encoding: "utf8" })) as {
    readonly hasKernel: boolean;
    readonly text: string;
  };

it("reads and writes the same without a compiler", () => {
  const usual = run([]);
  expect(usual.hasKernel).toBe(true);
  expect(run(["--jitless"])).toEqual({ ...usual, hasKernel: false });
});

it("has no kernel where the process may not reserve the addresses of a memory", async () => {
  const Instance = vi.fn(function refuse() {
    throw new RangeError("WebAssembly.Memory(): could not allocate memory");
  });
  vi.stubGlobal("WebAssembly", { Module: class {}, Instance });
  vi.resetModules();
  const { codecKernel } = await import("../src/codec-kernel.js");
  expect(codecKernel()).toBeUndefined();
  expect(codecKernel()).toBeUndefined();
  expect(Instance).toHaveBeenCalledTimes(1);
  vi.unstubAllGlobals();
});
