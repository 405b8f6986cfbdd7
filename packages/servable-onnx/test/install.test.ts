import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { writePip } from "../../native-library/test/fake-pip.js";
import { zip } from "../../native-library/test/zip.js";
import { onnx } from "../src/index.js";
import { LIBRARIES, libraryName } from "../src/install/libraries.js";

const pinned = LIBRARIES[`${process.platform}-${process.arch}`];
const canFake = pinned !== undefined && process.platform !== "win32";
const library = pinned ? libraryName(pinned) : "";
const version = "1.2.3";

let folder = "";
let dir = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serving-kit-onnx-install-"));
  dir = join(folder, "cache/onnxruntime");
  vi.stubEnv("PATH", join(folder, "bin"));
  vi.stubEnv("VIRTUAL_ENV", "");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Writes a package of ONNX Runtime, and a pip that copies it. Returns the SHA-256 of the package. */
async function publish(content: string): Promise<string> {
  const path = (pinned?.file ?? "").replace(pinned?.version ?? "", version);
  const wheel = zip({
    [path]: { content, method: 8 },
    "onnxruntime/LICENSE": { content: "MIT", method: 8 },
    "onnxruntime/capi/other.py": { content: "", method: 8 },
  });
  writeFileSync(join(folder, "wheel"), wheel);
  const name = `onnxruntime-${version}-cp311-cp311-any.whl`;
  await writePip(folder, { ending: `/bin/cp ${folder}/wheel "$dest/${name}"` });
  return createHash("sha256").update(wheel).digest("hex");
}

describe.skipIf(!canFake)("install (skipped: no package for this platform)", () => {
  it("unpacks the library and the licences of the package, once, and repairs what is damaged", async () => {
    const sha256 = await publish("the library");
    const install = () => onnx().install?.({ dir, version, sha256 });
    const installed = await install();
    expect(installed).toMatchObject({ version, library: join(dir, library), isNew: true });
    expect(readdirSync(dir).sort()).toEqual(["LICENSE", "installed.json", library].sort());
    expect(readFileSync(join(dir, library), "utf8")).toBe("the library");
    expect(await install()).toEqual({ ...installed, isNew: false });
    writeFileSync(join(dir, library), "damaged");
    expect(await install()).toEqual({ ...installed, repaired: [library] });
    expect(readFileSync(join(dir, library), "utf8")).toBe("the library");
  });

  it("rejects a package with another checksum, and leaves no library", async () => {
    await publish("another library");
    const installing = onnx().install?.({ dir, version, sha256: "0".repeat(64) });
    await expect(installing).rejects.toMatchObject({ reason: "INSTALL_FAILED" });
    expect(() => readFileSync(join(dir, library))).toThrow("ENOENT");
  });

  it("rejects a version whose checksum is not known", async () => {
    await publish("the library");
    await expect(onnx().install?.({ dir, version })).rejects.toThrow(
      "the checksum of onnxruntime 1.2.3 is not known",
    );
  });

  it("reports what to do by hand without pip", async () => {
    await expect(onnx().install?.({ dir })).rejects.toMatchObject({
      reason: "INSTALL_FAILED",
      message: expect.stringMatching(/nor pip runs\. By hand: `pip install onnxruntime==/),
    });
  });

  it("rejects with the reason of the signal", async () => {
    const reason = new Error("no longer wanted");
    await publish("the library");
    await expect(onnx().install?.({ dir, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
