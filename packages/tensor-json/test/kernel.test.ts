import { expect, it } from "vitest";
import { KERNEL_BASE64 } from "../src/kernel-bytes.js";

// The scripts have no types.
const script: string = "../scripts/build-kernel.mjs";

it("the committed bytes of the kernel are those of its source", async () => {
  const { buildKernel } = (await import(script)) as { buildKernel(): Promise<Buffer> };
  expect(KERNEL_BASE64).toBe((await buildKernel()).toString("base64"));
});
