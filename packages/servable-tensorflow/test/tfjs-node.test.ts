import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const NAME = "@tensorflow/tfjs-node";

/** Why there is no addon to live with; empty when there is. */
function skipReasonOf(): string {
  try {
    createRequire(join(process.cwd(), "package.json"))(NAME);
    return "";
  } catch (error) {
    const { code } = error as { code?: string };
    return code === "MODULE_NOT_FOUND"
      ? ` [skipped: ${NAME} is not installed]`
      : ` [skipped: the addon of ${NAME} does not load: ${String(error).split("\n")[0]}]`;
  }
}

const skipReason = skipReasonOf();

describe.skipIf(skipReason)(`beside ${NAME}${skipReason}`, () => {
  it("opens the library that is open, and both answer in one process", async () => {
    const child = fileURLToPath(new URL("./tfjs-node-child.ts", import.meta.url));
    const flags = ["--conditions=@serving-kit/source", "--import", "tsx"];
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, child]);
    const { library, ours, theirs } = JSON.parse(stdout);
    expect(library).toContain("tfjs-node");
    expect(ours).toHaveLength(10);
    for (const [i, value] of ours.entries()) expect(value).toBeCloseTo(theirs[i], 5);
  });
});
