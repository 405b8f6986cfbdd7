/** Memory that threads share. It can be posted to them. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
  /** Adds pages of 64 KiB; throws if there are none. */
  grow(pages: number): number;
}

/** A compiled module. */
export interface CompiledModule {
  readonly [Symbol.toStringTag]?: string;
}

interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => CompiledModule;
  readonly Instance: new (
    module: CompiledModule,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
  readonly Memory: new (descriptor: {
    initial: number;
    maximum: number;
    shared: true;
  }) => SharedMemory;
}

/** WebAssembly, whose types are part of the DOM's; undefined without a compiler (`node --jitless`). */
export const webAssembly = (globalThis as { readonly WebAssembly?: WebAssemblyApi }).WebAssembly;
