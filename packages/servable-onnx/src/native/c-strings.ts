import { copyMemory } from "@serving-kit/native-library";
import type { OnnxRuntime } from "./library.js";

/** C strings, which stay in C memory until they are closed. */
export class CStrings {
  readonly #runtime: OnnxRuntime;
  readonly #pointers = new Map<string, bigint>();

  constructor(runtime: OnnxRuntime, strings: Iterable<string>) {
    this.#runtime = runtime;
    const { api, statuses, allocator } = runtime;
    for (const string of new Set(strings)) {
      const bytes = Buffer.from(`${string}\0`);
      const pointer = statuses.out(api.AllocatorAlloc, allocator, bytes.length);
      copyMemory(pointer, bytes, bytes.length);
      this.#pointers.set(string, pointer);
    }
  }

  /**
   * Returns an array of the addresses of some of the strings. An empty list has one entry, because it needs an address.
   */
  pointersOf(strings: readonly string[]): BigUint64Array {
    const pointers = new BigUint64Array(Math.max(strings.length, 1));
    for (const [i, string] of strings.entries()) pointers[i] = this.#pointers.get(string) ?? 0n;
    return pointers;
  }

  /** Frees the strings. No run may be in flight. */
  close(): void {
    const { api, statuses, allocator } = this.#runtime;
    for (const pointer of this.#pointers.values()) {
      statuses.check(api.AllocatorFree(allocator, pointer));
    }
    this.#pointers.clear();
  }
}
