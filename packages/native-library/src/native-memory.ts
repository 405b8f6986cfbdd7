import koffi from "koffi";
import type { NativeType } from "./native-function.js";

/**
 * The bytes at an address, without a copy. Valid only while the owner of the memory keeps it: never
 * hand one out. Costs about 1 µs to make, so keep it for memory that stays where it is.
 */
export function viewMemory(pointer: bigint, byteLength: number): ArrayBuffer {
  return byteLength === 0 ? new ArrayBuffer(0) : koffi.view(pointer, byteLength);
}

/** A JavaScript function that C can call. */
export interface NativeCallback extends Disposable {
  /** The address to give to C. */
  readonly pointer: bigint;
}

/**
 * Makes a function that C can call, from any thread: from another than the one that made it, the
 * call waits until the event loop of this one takes it. It must not throw. Dispose it when C can no
 * longer call; a process can have 8,192.
 */
export function nativeCallback(
  // biome-ignore lint/suspicious/noExplicitAny: the arguments are C's
  callback: (...args: any[]) => unknown,
  result: NativeType,
  args: readonly NativeType[],
): NativeCallback {
  const type = koffi.pointer(koffi.proto(result as string, args as string[]));
  const pointer = koffi.register(callback, type);
  return { pointer, [Symbol.dispose]: () => koffi.unregister(pointer) };
}
