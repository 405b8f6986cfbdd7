import { expect, it } from "vitest";
import { KERNEL_BASE64 } from "../src/kernel/kernel-bytes.js";

// The scripts have no types.
const script: string = "../scripts/build-kernel.mjs";

it("the committed bytes of the kernel are those of its source", async () => {
  const { assembleKernel } = (await import(script)) as { assembleKernel(): Promise<Uint8Array> };
  expect(KERNEL_BASE64).toBe(Buffer.from(await assembleKernel()).toString("base64"));
});
