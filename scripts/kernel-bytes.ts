/**
 * The source of the module with a kernel's bytes, which is committed in the package that runs it.
 *
 * @param source The path of the kernel's source in its package.
 */
export function kernelBytesSource(bytes: Uint8Array, source: string): string {
  const base64 = Buffer.from(bytes).toString("base64");
  const lines = (base64.match(/.{1,96}/g) ?? []).map((line) => `  "${line}"`);
  return `// Made of ${source} by \`node --import tsx scripts/build-kernel.ts\`; a test compares the two.

/** The WebAssembly module of the kernel, in base64. */
export const KERNEL_BASE64 = [
${lines.join(",\n")},
].join("");
`;
}
