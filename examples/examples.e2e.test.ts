import { copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { runExample } from "./run-example.js";

/** The output of each example; every example must be here. */
const outputs: Readonly<Record<string, RegExp>> = {
  "everyday.ts":
    /^a picture of a 0: Float32Array\(10\)[\s\S]*doubled: Float32Array\(3\) \[ 2, 4, 6 \]/,
  "authorize.ts": /^without a token 401, with it 200\n$/,
  "quickstart.ts": /^a picture of a 0: \{\s*dtype: 'float32',\s*shape: \[ 1, 10 \],/,
  "batching.ts":
    /^one by one +[\d,]+ answers a second\nbatched +[\d,]+ answers a second, [\d.]+ x\n\d+ batches; .*\n( {2}\d+ batches of \d+\n)+$/,
  "grpc.ts": /^a picture of a 0: version 1 says 0\n$/,
  "labels.ts":
    /^stable 1, canary 2\nwithout a label 2\npromoted: stable 2\nrolled back: stable 1\n$/,
  "load-on-demand.ts":
    /^2000 calls to 2000 models\n(\d{3}) loads, \1 unloads, at most 50 models in memory\nthere is no model nobody\n$/,
  "request-log.ts": /^answered 200\nPredict to \{name: digits version: 1\}: \d+ bytes\n$/,
  "typed.ts": /^10 probabilities\nfloat32, unchecked\nversion 1, 1\n$/,
  "hot-swap.ts": /version 6 has taken over\nanswers came from versions 1, 2, .*\nfailed = 0\n$/,
};

const programs = readdirSync(import.meta.dirname).filter(
  (name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && name !== "run-example.ts",
);

describe("examples", () => {
  it.each(programs)("%s prints what its reader expects and ends well", async (name) => {
    const output = outputs[name];
    if (output === undefined) throw new Error(`${name} is missing in the table of outputs above`);
    const { code, stdout, stderr } = await runExample(name);
    // TensorFlow Lite tells on stderr that it has XNNPACK.
    expect(stderr.replace(/^INFO: .*\n/gm, "")).toBe("");
    expect(stdout).toMatch(output);
    expect(code).toBe(0);
  });
  it("quickstart.ts exits with the reason if there is no model", async () => {
    // The program looks for the model beside itself.
    const folder = mkdtempSync(join(import.meta.dirname, "nowhere-"));
    try {
      copyFileSync(join(import.meta.dirname, "quickstart.ts"), join(folder, "quickstart.ts"));
      const { code, stderr } = await runExample(`${basename(folder)}/quickstart.ts`);
      expect(stderr).toContain("BASE_PATH_UNREACHABLE");
      expect(stderr).toMatch(
        /the base path \S+nowhere-\S+ of servable digits cannot be read: ENOENT/,
      );
      expect(code).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
