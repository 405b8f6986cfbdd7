import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { kernelBytesSource } from "../../../scripts/kernel-bytes.js";
import { isProgram } from "../../../scripts/workspace.mjs";
import { type KernelLayout, kernelTables } from "./kernel-tables.js";

/** The part of WebAssembly that reads the addresses: the types of Node 20 have none of it. */
const { WebAssembly: webAssembly } = globalThis as unknown as {
  readonly WebAssembly: {
    readonly Module: new (code: Uint8Array) => object;
    readonly Instance: new (
      module: object,
    ) => { readonly exports: Readonly<Record<string, { readonly value: number }>> };
  };
};

const OPTIONS = [
  ...["--enable", "simd", "-O3", "--noAssert", "--runtime", "stub"],
  ...["--initialMemory", "16", "--maximumMemory", "16"],
];

/** Compiles kernel/kernel.ts, without its tables. */
async function compileKernel(): Promise<Buffer> {
  let module: Uint8Array | undefined;
  const baseDir = fileURLToPath(new URL("..", import.meta.url));
  const args = ["kernel/kernel.ts", "--outFile", "kernel.wasm", "--baseDir", baseDir, ...OPTIONS];
  const { error, stderr } = await asc.main(args, {
    writeFile: (_, bytes) => {
      module = bytes as Uint8Array;
    },
  });
  if (error || module === undefined) throw new Error(`${error?.message}\n${stderr.toString()}`);
  return Buffer.from(module);
}

/** A number in LEB128, as WebAssembly writes unsigned integers; with `signed` one more bit is kept free. */
function leb128(value: number, { signed = false } = {}): number[] {
  const bytes: number[] = [];
  for (; value >= (signed ? 0x40 : 0x80); value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}

/** A data section with one segment at an address. */
function dataSection(address: number, bytes: Uint8Array): Buffer {
  const content = [
    ...[1, 0, 0x41, ...leb128(address, { signed: true }), 0x0b],
    ...[...leb128(bytes.length), ...bytes],
  ];
  return Buffer.from([0x0b, ...leb128(content.length), ...content]);
}

/** Compiles the kernel, and adds its tables as data: no thread has to make them. */
export async function buildKernel(): Promise<Buffer> {
  const code = await compileKernel();
  const { exports } = new webAssembly.Instance(new webAssembly.Module(code));
  const layout = Object.fromEntries(
    Object.entries(exports).map(([name, { value }]) => [name, value]),
  ) as KernelLayout;
  const { start, bytes } = kernelTables(layout);
  return Buffer.concat([code, dataSection(start, bytes)]);
}

/** The module with the kernel's bytes, which is committed. */
export const kernelSource = async () => kernelBytesSource(await buildKernel(), "kernel/*.ts");

if (isProgram(import.meta.url)) {
  writeFileSync(new URL("../src/kernel-bytes.ts", import.meta.url), await kernelSource());
}
