import { writeFileSync } from "node:fs";
import wabt from "wabt";
import { kernelBytesSource } from "../../../scripts/kernel-bytes.js";
import { assembleWat } from "../../../scripts/wat-module.js";
import { isProgram } from "../../../scripts/workspace.mjs";
import { kernelText } from "./kernel.js";

/** Assembles the kernel. */
export const assembleKernel = () => assembleWat(wabt, kernelText(), { threads: true });

/** The module with the kernel's bytes, which is committed. */
export const kernelSource = async () =>
  kernelBytesSource(await assembleKernel(), "scripts/kernel.ts");

if (isProgram(import.meta.url)) {
  writeFileSync(new URL("../src/kernel/kernel-bytes.ts", import.meta.url), await kernelSource());
}
