import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { platformConformance } from "@serving-kit/testing";
import { afterAll, describe, expect, it } from "vitest";
import type { CanaryOptions } from "../src/index.js";
import { tensorflow } from "../src/tensorflow.js";
import { digits, digitsPath, skipReason } from "./zoo.js";

const folder = mkdtempSync(join(tmpdir(), "serving-kit-tensorflow-platform-"));
afterAll(() => rmSync(folder, { recursive: true }));
const foreign = join(folder, "empty");
mkdirSync(foreign);
const half = join(folder, "half");
cpSync(digitsPath, half, { recursive: true });
rmSync(join(half, "variables"), { recursive: true });

describe.skipIf(skipReason)(`the platform${skipReason}`, () => {
  platformConformance(
    { describe, it },
    {
      name: "tensorflow",
      create: () => tensorflow(),
      path: digitsPath,
      call: { inputs: digits[0]?.inputs ?? {} },
      incomplete: [half],
      foreign,
      timeoutMs: 20_000,
    },
  );

  it("tries a version in a canary process first, if it is asked to", async () => {
    const id = { name: "digits", version: 1n };
    const { signal } = new AbortController();
    const probe = async (canary: CanaryOptions | undefined, path = digitsPath) =>
      tensorflow(canary && { canary })
        .loader({ path }, id)
        .probe?.({ id, signal });
    await probe({});
    await expect(probe({ timeoutMs: 1 })).rejects.toMatchObject({ reason: "CANARY_TIMED_OUT" });
    await expect(probe({}, half)).rejects.toMatchObject({ reason: "SAVED_MODEL_INVALID" });
    await probe(undefined, half);
    expect(() => tensorflow({ canary: { timeoutMs: 0 } })).toThrow("option canary of tensorflow");
  }, 60_000);
});
