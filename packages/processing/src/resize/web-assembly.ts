/** Addresses, counts and strides, in the order of scripts/kernel.ts. */
type Pass = (...numbers: number[]) => void;

/** The exports of the kernel. */
export interface KernelExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly rgb: Pass;
  readonly grey: Pass;
  readonly vertical: Pass;
}

interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: KernelExports };
}

/** WebAssembly, whose types are part of the DOM's; undefined without a compiler (`node --jitless`). */
export const webAssembly = (globalThis as { readonly WebAssembly?: WebAssemblyApi }).WebAssembly;
