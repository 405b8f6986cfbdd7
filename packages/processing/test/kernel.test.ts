import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

it("the kernel's bytes are those of its source", async () => {
  const { kernelSource } = (await import("../scripts/build-kernel.mjs" as string)) as {
    kernelSource(): Promise<string>;
  };
  const committed = readFileSync(
    join(import.meta.dirname, "../src/resize/kernel-bytes.ts"),
    "utf8",
  );
  expect(committed).toBe(await kernelSource());
});
