import { expect, it } from "vitest";
import { buildKernel } from "../scripts/build-kernel.js";
import { KERNEL_BASE64 } from "../src/kernel-bytes.js";

it("the committed bytes of the kernel are those of its source", async () => {
  expect(KERNEL_BASE64).toBe((await buildKernel()).toString("base64"));
});
