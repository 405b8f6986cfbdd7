import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { exitTests } from "../../native-library/test/exit-tests.js";
import { hasLibrary, skipped } from "./support.js";

const child = new URL("./exits-child.ts", import.meta.url);

exitTests(child, { isTrouble: () => true, skipReason: hasLibrary ? "" : skipped });

it.skipIf(!hasLibrary)(`an exception with runs in flight ends the process${skipped}`, () => {
  const flags = ["--conditions=@serving-kit/source", "--import", "tsx"];
  const args = [...flags, fileURLToPath(child), "throw with runs in flight"];
  const { status, signal, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect([status, signal]).toEqual([1, null]);
  expect(stderr).toContain("Error: on purpose");
});
