import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
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

describe.skipIf(process.platform === "win32")("another version (skipped on Windows: no sh)", () => {
  /** A Python whose pip downloads a package that is no archive. */
  const pretendPip = () => {
    const bin = join(dir, "bin");
    mkdirSync(bin);
    const script = "#!/bin/sh\nfor dest; do case $last in --dest) break;; esac; last=$dest; done\n";
    const path = join(bin, "python3");
    writeFileSync(path, `${script}printf package > "$dest/onnxruntime-1.31.0.whl"\n`);
    chmodSync(path, 0o755);
    vi.stubEnv("PATH", bin);
  };
  const PACKAGE = createHash("sha256").update("package").digest("hex");

  it("needs the checksum of its package", async () => {
    pretendPip();
    const install = (sha256?: string) =>
      onnx().install?.({ dir, version: "1.31.0", ...(sha256 !== undefined && { sha256 }) });
    const failure = (message: RegExp) => ({
      reason: "INSTALL_FAILED",
      message: expect.stringMatching(message),
    });
    await expect(install()).rejects.toMatchObject(failure(/checksum of onnxruntime 1\.31\.0/));
    await expect(install("0".repeat(64))).rejects.toMatchObject(
      failure(new RegExp(`1\\.31\\.0\\.whl must have SHA-256 0+; got ${PACKAGE}`)),
    );
    await expect(install(PACKAGE)).rejects.toMatchObject(failure(/central directory/));
  });
});
