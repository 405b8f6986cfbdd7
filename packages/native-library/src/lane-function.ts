import { MAX_ARGUMENTS } from "./lane-ring.js";
import type { NativeFunction, NativeType } from "./native-function.js";

/** A C function as a lane declares it: all arguments and the result are numbers. */
export interface LaneFunction {
  readonly address: bigint;
  readonly result: string;
  readonly args: readonly string[];
  /** True if the result is an address: a bigint, or null. */
  readonly returnsPointer: boolean;
}

const POINTER = /\*$/;
const NUMBER = /^(?:u?int(?:8|16|32|64)?(?:_t)?|uintptr_t|size_t|bool|float|double)$/;

/** The largest integer that a number holds exactly. */
const MAX_EXACT = BigInt(Number.MAX_SAFE_INTEGER);

const known = new WeakMap<object, LaneFunction>();

/**
 * Records the address and types of a function, so that lanes can run it. A function with types other than numbers and
 * pointers is ignored.
 */
export function registerLaneFunction(
  fn: Pick<NativeFunction, "async">,
  address: bigint,
  result: NativeType,
  args: readonly NativeType[],
): void {
  const [own, ...all] = [result === "void" ? "void" : laneType(result), ...args.map(laneType)];
  if (own === undefined || all.length > MAX_ARGUMENTS || all.includes(undefined)) return;
  const returnsPointer = POINTER.test(result as string);
  known.set(fn, { address, result: own, args: all as string[], returnsPointer });
}

/** Returns how lanes run a function with these arguments; undefined if they cannot. */
export function laneFunctionOf(
  fn: Pick<NativeFunction, "async">,
  args: readonly unknown[],
): LaneFunction | undefined {
  const found = known.get(fn);
  if (found?.args.length !== args.length) return undefined;
  for (let i = 0; i < args.length; i++) if (!canPass(args[i])) return undefined;
  return found;
}

function canPass(value: unknown): boolean {
  switch (typeof value) {
    case "number":
      return true;
    case "bigint":
      return value <= MAX_EXACT && value >= -MAX_EXACT;
    default:
      return value === null || ArrayBuffer.isView(value);
  }
}

/** Addresses are passed as numbers: they have at most 53 bits on all supported platforms. */
function laneType(type: NativeType): string | undefined {
  if (typeof type !== "string") return undefined;
  if (POINTER.test(type)) return "uintptr_t";
  return NUMBER.test(type) ? type : undefined;
}
