import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { exitTests } from "../../native-library/test/exit-tests.js";
import { hasLibrary, skipped } from "./support.js";

const child = new URL("./exits-child.ts", import.meta.url);

exitTests(child, { isTrouble: () => true, skipReason: hasLibrary ? "" : skipped });

function run(how: string) {
  const flags = ["--conditions=@serving-kit/source", "--import", "tsx"];
  const args = [...flags, fileURLToPath(child), how];
  return spawnSync(process.execPath, args, { encoding: "utf8" });
}

describe.skipIf(!hasLibrary)(`with eight runs in flight${skipped}`, () => {
  it("an exception ends the process", () => {
    const { status, signal, stderr } = run("throw with runs in flight");
    expect([status, signal]).toEqual([1, null]);
    expect(stderr).toContain("Error: on purpose");
  });

  it.each([
    "exit with runs in flight",
    "in a worker: throw with runs in flight",
    "in a worker: exit with runs in flight",
  ])("the process ends cleanly: %s", (how) => {
    const { status, signal, stderr } = run(how);
    expect([status, signal, stderr]).toEqual([0, null, ""]);
  });
});
