import { KERNEL_BASE64 } from "./kernel-bytes.js";

/** The functions and addresses that the kernel exports: see kernel/*.ts. */
export interface Kernel {
  /** The kernel's memory of 1 MiB. */
  readonly memory: ArrayBuffer;
  /** Returns the address of a constant of kernel/layout.ts. */
  address(name: string): number;
  /** Returns a function of the kernel. */
  fn(name: string): (...args: number[]) => number;
}

type Exports = Readonly<Record<string, unknown>>;

/** WebAssembly, whose types are part of the DOM's; undefined without a compiler (`node --jitless`). */
const { WebAssembly } = globalThis as {
  readonly WebAssembly?: {
    readonly Module: new (bytes: Uint8Array) => object;
    readonly Instance: new (module: object) => { readonly exports: Exports };
  };
};

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Creates the kernel of this thread. Returns undefined if that is not possible: there is no WebAssembly or no SIMD, the
 * process cannot reserve the 10 GiB of address space that V8 needs for each memory (`ulimit -v`), or the platform is
 * big-endian.
 */
export function openKernel(): Kernel | undefined {
  if (WebAssembly === undefined || !IS_LITTLE_ENDIAN) return undefined;
  try {
    // V8 compiles identical bytes once per process.
    const module = new WebAssembly.Module(Buffer.from(KERNEL_BASE64, "base64"));
    const { exports } = new WebAssembly.Instance(module);
    return {
      memory: (exports.memory as { readonly buffer: ArrayBuffer }).buffer,
      address: (name) => (exports[name] as { readonly value: number }).value,
      fn: (name) => exports[name] as (...args: number[]) => number,
    };
  } catch {
    return undefined;
  }
}
