import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { onnx } from "../src/index.js";

const filled = fileURLToPath(
  new URL(`../npm/${process.platform}-${process.arch}/lib`, import.meta.url),
);
const [library = ""] = existsSync(filled) ? readdirSync(filled) : [];

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "serving-kit-onnx-install-"));
  // A machine without Python.
  vi.stubEnv("PATH", "");
  vi.stubEnv("VIRTUAL_ENV", "");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

describe.skipIf(library === "")("install (skipped: no library for this platform is there)", () => {
  it("installs nothing if the library is there and intact", async () => {
    copyFileSync(join(filled, library), join(dir, library));
    const installed = await onnx().install?.({ dir });
    expect(installed).toMatchObject({ library: join(dir, library), isNew: false, repaired: [] });
  });

  it("says what to do if the library is damaged and there is no pip, and leaves no files", async () => {
    writeFileSync(join(dir, library), "damaged");
    await expect(onnx().install?.({ dir })).rejects.toMatchObject({
      reason: "INSTALL_FAILED",
      message: expect.stringMatching(
        /there is no Python with pip\. By hand: `pip install onnxruntime==/,
      ),
    });
    expect(readdirSync(dir)).toEqual([library]);
  });

  it("rejects with the reason of the signal", async () => {
    const reason = new Error("no longer wanted");
    await expect(onnx().install?.({ dir, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
