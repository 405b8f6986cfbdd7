import { writeFileSync } from "node:fs";
import wabt from "wabt";
import { assembleWat, kernelBytesSource } from "../../../scripts/wat-module.mjs";
import { kernelText } from "./kernel.mjs";

/** Assembles the kernel. */
export const assembleKernel = () => assembleWat(wabt, kernelText(), { simd: true });

/** The module with the kernel's bytes, which is committed. */
export const kernelSource = async () => kernelBytesSource(await assembleKernel());

if (import.meta.url === `file://${process.argv[1]}`) {
  writeFileSync(new URL("../src/resize/kernel-bytes.ts", import.meta.url), await kernelSource());
}
