import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { sourceFlags } from "./source-flags.mjs";
import { root } from "./workspace.mjs";

/** The most hops of each walk: see ARCHITECTURE.md. */
const MOST = { rest: 30, grpc: 13, version: 35 };

interface Walk {
  readonly key: keyof typeof MOST;
  readonly hops: readonly string[];
  readonly longest: number;
}

it("the walks of ARCHITECTURE.md are no longer than it says", async () => {
  const args = [...sourceFlags, join(root, "bench/walks.ts"), "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  const walks: readonly Walk[] = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  expect(walks.map(({ key }) => key)).toEqual(Object.keys(MOST));
  for (const { key, hops, longest } of walks) {
    expect(hops.length, `${key}:\n${hops.join("\n")}`).toBeLessThanOrEqual(MOST[key]);
    expect(hops.length, key).toBeGreaterThan(10);
    expect(longest, key).toBeLessThanOrEqual(40);
  }
});
