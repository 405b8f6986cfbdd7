import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { kernelSource } from "../scripts/build-kernel.js";

it("the kernel's bytes are those of its source", async () => {
  const committed = readFileSync(
    join(import.meta.dirname, "../src/resize/kernel-bytes.ts"),
    "utf8",
  );
  expect(committed).toBe(await kernelSource());
});
