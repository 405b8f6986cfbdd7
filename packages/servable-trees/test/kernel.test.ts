import { expect, it } from "vitest";
import { assembleKernel } from "../scripts/build-kernel.js";
import { KERNEL_BASE64 } from "../src/kernel/kernel-bytes.js";

it("the committed bytes of the kernel are those of its source", async () => {
  expect(KERNEL_BASE64).toBe(Buffer.from(await assembleKernel()).toString("base64"));
});
