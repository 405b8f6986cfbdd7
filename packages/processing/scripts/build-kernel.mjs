import { writeFileSync } from "node:fs";
import wabt from "wabt";
import { kernelText } from "./kernel.mjs";

/** Assembles the kernel. */
export async function assembleKernel() {
  const { parseWat } = await wabt();
  const features = { simd: true };
  const module = parseWat("kernel.wat", kernelText(), features);
  try {
    module.validate(features);
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

/** The module with the kernel's bytes, which is committed. */
export async function kernelSource() {
  const text = Buffer.from(await assembleKernel()).toString("base64");
  const lines = text.match(/.{1,96}/g).map((line) => `  "${line}"`);
  return `// Made of scripts/kernel.mjs by \`node scripts/build-kernel.mjs\`; a test compares the two.

/** The WebAssembly module of the kernel, in base64. */
export const KERNEL_BASE64 = [
${lines.join(",\n")},
].join("");
`;
}

if (import.meta.url === `file://${process.argv[1]}`) {
  writeFileSync(new URL("../src/resize/kernel-bytes.ts", import.meta.url), await kernelSource());
}
