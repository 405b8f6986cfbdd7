import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { nativeCounts, type OnnxOptions, onnx } from "../src/index.js";
import { hasLibrary, id, modelFile, skipped } from "./support.js";

async function probe(path: string, canary?: OnnxOptions["canary"]): Promise<void> {
  const loader = onnx(canary && { canary }).loader({ path }, id);
  await loader.probe?.({ id, signal: new AbortController().signal });
}

afterEach(() => vi.unstubAllEnvs());

describe.skipIf(!hasLibrary)(`the canary${skipped}`, () => {
  it("loads a version in another process first, if the option requests it", async () => {
    await probe(modelFile("dense"), {});
    expect(nativeCounts().sessions).toBe(0);
    await probe("/nowhere");
  });

  it("has the error of the load", async () => {
    await expect(probe("/nowhere", {})).rejects.toMatchObject({ reason: "MODEL_FILE_MISSING" });
  });

  it("ends a load that takes too long", async () => {
    const probing = probe(modelFile("dense"), { timeoutMs: 1 });
    await expect(probing).rejects.toMatchObject({ reason: "CANARY_TIMED_OUT" });
  });
});

const isLinux = process.platform === "linux";

describe.skipIf(!hasLibrary || !isLinux)(`a text model without its locale${skipped}`, () => {
  it("is an error with the remedy", async () => {
    // glibc looks for locales in this folder alone; the canary is a process that starts with it.
    const folder = mkdtempSync(join(tmpdir(), "serving-kit-locale-"));
    vi.stubEnv("LOCPATH", folder);
    try {
      await expect(probe(modelFile("normalizer"), {})).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
        reason: "LOCALE_MISSING",
        message: expect.stringMatching(/locale en_US\.UTF-8: .*"C\.UTF-8".*localedef -i en_US/s),
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
