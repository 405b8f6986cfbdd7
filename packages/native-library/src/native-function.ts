import type { TypeObject } from "koffi";

/**
 * A declared C function. A call runs it on this thread and blocks the thread.
 *
 * Pointers are bigints, or null. Typed arrays and Buffers are passed as the address of their data, which stays valid
 * after the call only while the owner keeps them.
 */
export interface NativeFunction {
  // biome-ignore lint/suspicious/noExplicitAny: arguments and result are C's
  (...args: any[]): any;
  /**
   * Runs on a thread of libuv's pool; the last argument is `(error, result) => void`. Limit such calls with
   * `NativeExecutor`. The caller must keep typed arrays that it passes until the call has ended.
   */
  // biome-ignore lint/suspicious/noExplicitAny: arguments and result are C's
  async(...args: any[]): void;
}

/** A C struct that is passed by value: its fields in order, with their types. */
export interface NativeStruct {
  readonly struct: Readonly<Record<string, string>>;
}

/** A C type: a string such as `size_t` or `void *`, a struct, or a type that koffi made. */
export type NativeType = string | NativeStruct | TypeObject;

/** The declaration of a function: its symbol, the type of its result, the types of its arguments. */
export type NativeDeclaration = readonly [
  symbol: string,
  result: NativeType,
  ...args: NativeType[],
];

/** Calls a function on libuv's pool, without a limit. For calls that happen once, such as opening. */
export function callOnThread<R>(fn: NativeFunction, ...args: unknown[]): Promise<R> {
  return new Promise((resolve, reject) => {
    fn.async(...args, (error: unknown, result: R) => (error ? reject(error) : resolve(result)));
  });
}
