import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { onnx } from "../src/index.js";
import { hasLibrary, load, modelFile, namesWithCalls, skipped } from "./support.js";

const folder = mkdtempSync(join(tmpdir(), "serving-kit-onnx-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a truncated file", () => {
  it.each(namesWithCalls)("%s: is not complete, cut anywhere", async (name) => {
    const whole = readFileSync(modelFile(name));
    const path = join(folder, `${name}.onnx`);
    const ends = Array.from({ length: 40 }, (_, i) => Math.floor((whole.length * i) / 40));
    for (const end of [...ends, whole.length - 1]) {
      writeFileSync(path, whole.subarray(0, end));
      const { isComplete } = onnx();
      expect([end, await isComplete(path)]).toEqual([
        end,
        expect.objectContaining({ isComplete: false }),
      ]);
    }
  });
});

describe("external data", () => {
  const text = (from: string, to: string) => {
    const bytes = readFileSync(modelFile("external"));
    const at = bytes.indexOf(from);
    const copy = Buffer.from(bytes);
    copy.write(to, at);
    return copy;
  };

  it("that is missing or too short makes a model incomplete", async () => {
    const version = join(folder, "external");
    mkdirSync(version);
    writeFileSync(join(version, "model.onnx"), readFileSync(modelFile("external")));
    const { isComplete } = onnx();
    expect(await isComplete(version)).toMatchObject({
      isComplete: false,
      problem: expect.stringMatching(/external\.bin with its tensors is missing/),
    });
    writeFileSync(join(version, "external.bin"), "short");
    expect(await isComplete(version)).toMatchObject({
      isComplete: false,
      problem: expect.stringMatching(/external\.bin has 5 bytes; its tensors end at byte 24/),
    });
  });

  it("outside of the folder is rejected before anything opens it", async () => {
    const path = join(folder, "outside.onnx");
    writeFileSync(path, text("external.bin", "../../../a/b"));
    await expect(load(path)).rejects.toMatchObject({
      reason: "MODEL_FILE_INVALID",
      message: expect.stringContaining("outside of its folder"),
    });
  });
});

describe.skipIf(!hasLibrary)(`mutated files${skipped}`, () => {
  it("are rejected or harmless", { timeout: 120_000 }, async () => {
    const child = fileURLToPath(new URL("./mutations-child.ts", import.meta.url));
    const flags = ["--conditions=@serving-kit/source", "--import", "tsx"];
    const count = process.env.SERVING_KIT_CORRUPTIONS ?? "1000";
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, child, count]);
    const { tried, loaded, refused } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    expect(tried).toBe(Number(count));
    expect(loaded + refused).toBe(tried);
    expect(refused).toBeGreaterThan(0);
  });
});
