import type { TypeObject } from "koffi";

/**
 * A declared C function: called, it runs on this thread and blocks it.
 *
 * Pointers are bigints, or null; typed arrays and Buffers are passed by the address of their data,
 * which is only safe beyond the call where the owner keeps them.
 */
export interface NativeFunction {
  // biome-ignore lint/suspicious/noExplicitAny: arguments and result are C's
  (...args: any[]): any;
  /**
   * Runs on a thread of libuv's pool; the last argument is `(error, result) => void`. Bound these by
   * `NativeExecutor`. Typed arrays that are passed must be kept by the caller until it has ended.
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

/** How a function is declared: its symbol, the type of its result, the types of its arguments. */
export type NativeDeclaration = readonly [
  symbol: string,
  result: NativeType,
  ...args: NativeType[],
];

/** Calls a function on libuv's pool, outside of any bound. For what runs once, such as opening. */
export function callOnThread<R>(fn: NativeFunction, ...args: unknown[]): Promise<R> {
  return new Promise((resolve, reject) => {
    fn.async(...args, (error: unknown, result: R) => (error ? reject(error) : resolve(result)));
  });
}
