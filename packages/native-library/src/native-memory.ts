import { constants } from "node:buffer";
import type koffi from "koffi";
import { loadKoffi } from "./koffi.js";
import { registerLaneFunction } from "./lane-function.js";
import type { NativeFunction } from "./native-function.js";

/**
 * Returns the bytes at an address, without a copy. Valid only while the owner keeps the memory: never return the view
 * to a caller. Costs about 1 µs, so reuse it for memory that does not move.
 */
export function viewMemory(pointer: bigint, byteLength: number): ArrayBuffer {
  if (byteLength === 0) return new ArrayBuffer(0);
  // If the length exceeds the maximum of an ArrayBuffer, koffi aborts the process.
  if (!(byteLength > 0 && byteLength <= constants.MAX_LENGTH)) {
    throw new RangeError(`memory of ${byteLength} bytes is more than ${constants.MAX_LENGTH}`);
  }
  return loadKoffi().view(pointer, byteLength);
}

/**
 * Returns the address of a view's memory, which stays there as long as the view is kept. Passing the address to a
 * function costs less than passing the view.
 */
export function addressOf(view: ArrayBufferView): bigint {
  return loadKoffi().address(view);
}

let memcpy: NativeFunction | undefined;

/**
 * Copies bytes between C memory, passed as an address, and JavaScript memory, passed as a view. Costs 60 ns plus the
 * copy, while `viewMemory` costs 1 µs. Lengths are not checked: both must be long enough.
 */
export function copyMemory(
  target: bigint | ArrayBufferView,
  source: bigint | ArrayBufferView,
  byteLength: number,
): void {
  if (byteLength === 0) return;
  memcpy ??= loadKoffi()
    .load(process.platform === "win32" ? "msvcrt.dll" : null)
    .func("memcpy", "void *", ["void *", "void *", "size_t"]) as NativeFunction;
  memcpy(target, source, byteLength);
}

/** A JavaScript function that C can call. */
export interface NativeCallback extends Disposable {
  /** The address to pass to C. */
  readonly pointer: bigint;
}

/**
 * Makes a function that C can call, from any thread. On another thread than the one that made it, the call waits until
 * the event loop of the latter runs it. The function must not throw. Dispose it when C can no longer call it; a process
 * can have 8,192.
 */
export function nativeCallback(
  // biome-ignore lint/suspicious/noExplicitAny: the arguments are C's
  callback: (...args: any[]) => unknown,
  result: string,
  args: readonly string[],
): NativeCallback {
  const koffi = loadKoffi();
  const type = koffi.pointer(koffi.proto(result, [...args]));
  const pointer = koffi.register(callback, type);
  return { pointer, [Symbol.dispose]: () => koffi.unregister(pointer) };
}

/** The types of a C function. */
export interface FunctionTypes {
  readonly result: string;
  readonly args: readonly string[];
}

const prototypes = new WeakMap<FunctionTypes, ReturnType<typeof koffi.proto>>();

/** Calls the C function at an address, on this thread. Reuse the `types` object: it is declared once. */
export function callPointer<R>(pointer: bigint, types: FunctionTypes, ...args: unknown[]): R {
  const koffi = loadKoffi();
  let prototype = prototypes.get(types);
  if (prototype === undefined) {
    prototype = koffi.proto(types.result, [...types.args]);
    prototypes.set(types, prototype);
  }
  return koffi.call(pointer, prototype, ...args) as R;
}

/**
 * Declares the C function at an address, such as an entry of a function table. The library must stay open. Each worker
 * thread makes its own declarations.
 */
export function functionAt(pointer: bigint, { result, args }: FunctionTypes): NativeFunction {
  const koffi = loadKoffi();
  const fn = koffi.decode(pointer, koffi.proto(result, [...args])) as NativeFunction;
  registerLaneFunction(fn, pointer, result, args);
  return fn;
}
