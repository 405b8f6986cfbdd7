import type { DType } from "@serving-kit/inference";

/** The way in which the kernel reads and writes a number, named after WebAssembly's types. */
export type NumberKind = "F32" | "F64" | "I32" | "U32" | "I64" | "U64";

/** Numbers in the kernel's memory. */
export type KernelNumbers =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>;

/** The kind of each dtype that the kernel reads and writes. Narrow integers become int32. */
export const KINDS = {
  float32: "F32",
  float64: "F64",
  int8: "I32",
  uint8: "I32",
  int16: "I32",
  int32: "I32",
  uint32: "U32",
  int64: "I64",
  uint64: "U64",
} satisfies Partial<Record<DType, NumberKind>>;

/** Creates an object for each kind, from a view of the numbers in a part of the kernel's memory. */
export function byKind<T>(
  memory: ArrayBuffer,
  address: number,
  bytes: number,
  make: (kind: NumberKind, numbers: KernelNumbers) => T,
): Readonly<Record<NumberKind, T>> {
  return {
    F32: make("F32", new Float32Array(memory, address, bytes / 4)),
    F64: make("F64", new Float64Array(memory, address, bytes / 8)),
    I32: make("I32", new Int32Array(memory, address, bytes / 4)),
    U32: make("U32", new Uint32Array(memory, address, bytes / 4)),
    I64: make("I64", new BigInt64Array(memory, address, bytes / 8)),
    U64: make("U64", new BigUint64Array(memory, address, bytes / 8)),
  };
}
