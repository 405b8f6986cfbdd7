import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { kernelTables } from "./kernel-tables.mjs";

const OPTIONS = [
  ...["--enable", "simd", "-O3", "--noAssert", "--runtime", "stub"],
  ...["--initialMemory", "16", "--maximumMemory", "16"],
];

/** Compiles kernel/kernel.ts, without its tables. */
async function compileKernel() {
  let module;
  const baseDir = fileURLToPath(new URL("..", import.meta.url));
  const args = ["kernel/kernel.ts", "--outFile", "kernel.wasm", "--baseDir", baseDir, ...OPTIONS];
  const { error, stderr } = await asc.main(args, {
    writeFile: (_, bytes) => {
      module = bytes;
    },
  });
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  return Buffer.from(module);
}

/** A number in LEB128, as WebAssembly writes unsigned integers; with `signed` one more bit is kept free. */
function leb128(value, { signed = false } = {}) {
  const bytes = [];
  for (; value >= (signed ? 0x40 : 0x80); value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}

/** A data section with one segment at an address. */
function dataSection(address, bytes) {
  const content = [
    ...[1, 0, 0x41, ...leb128(address, { signed: true }), 0x0b],
    ...[...leb128(bytes.length), ...bytes],
  ];
  return Buffer.from([0x0b, ...leb128(content.length), ...content]);
}

/** Compiles the kernel, and adds its tables as data: no thread has to make them. */
export async function buildKernel() {
  const code = await compileKernel();
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code));
  const layout = Object.fromEntries(
    Object.entries(exports).map(([name, { value }]) => [name, value]),
  );
  const { start, bytes } = kernelTables(layout);
  return Buffer.concat([code, dataSection(start, bytes)]);
}

/** The module with the kernel's bytes, which is committed. */
export async function kernelSource() {
  const text = (await buildKernel()).toString("base64");
  const lines = text.match(/.{1,96}/g).map((line) => `  "${line}"`);
  return `// Made of kernel/*.ts by \`node scripts/build-kernel.mjs\`; a test compares the two.

/** The WebAssembly module of the kernel, in base64. */
export const KERNEL_BASE64 = [
${lines.join(",\n")},
].join("");
`;
}

if (import.meta.url === `file://${process.argv[1]}`) {
  writeFileSync(new URL("../src/kernel-bytes.ts", import.meta.url), await kernelSource());
}
