import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { hasLibrary, skipped } from "./support.js";

/** Growth in MiB: native tensors that were lost at each run would take 300, and V8 takes up to 20 by itself. */
const MOST = 32;

const isLinux = process.platform === "linux";
const reason = hasLibrary && !isLinux ? " [skipped: memory is returned on Linux only]" : skipped;

describe.skipIf(reason)(`memory${reason}`, () => {
  it("stays flat over 200,000 runs, and over 200 loads and unloads", {
    timeout: 300_000,
  }, async () => {
    const child = fileURLToPath(new URL("./memory-child.ts", import.meta.url));
    const flags = ["--conditions=@serving-kit/source", "--import", "tsx"];
    const heap = ["--expose-gc", "--max-semi-space-size=1"];
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, ...heap, child]);
    const { runs, byRuns, byLoads, left } = JSON.parse(stdout);
    expect(runs).toBe(200_000);
    expect(byRuns).toBeLessThan(MOST);
    expect(byLoads).toBeLessThan(MOST);
    expect(left).toEqual({ sessions: 0, values: 0 });
  });
});
