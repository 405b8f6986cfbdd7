import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { platformConformance } from "@serving-kit/testing";
import { afterAll, describe, it } from "vitest";
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
});
