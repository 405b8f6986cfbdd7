/** Assembles a WebAssembly module by wabt. `text` is in the text format; `features` are the proposals that it uses. */
export async function assembleWat(wabt, text, features) {
  const { parseWat } = await wabt();
  const module = parseWat("kernel.wat", text, features);
  try {
    module.validate(features);
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

/** The source with a kernel's bytes, which is committed in the package that runs it. */
export function kernelBytesSource(bytes) {
  const lines = Buffer.from(bytes)
    .toString("base64")
    .match(/.{1,96}/g)
    .map((line) => `  "${line}"`);
  return `// Made of scripts/kernel.mjs by \`node scripts/build-kernel.mjs\`; a test compares the two.

/** The WebAssembly module of the kernel, in base64. */
export const KERNEL_BASE64 = [
${lines.join(",\n")},
].join("");
`;
}
