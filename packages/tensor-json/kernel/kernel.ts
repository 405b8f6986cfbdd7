// The kernel of the codec, in AssemblyScript: `node --import tsx scripts/build-kernel.ts` compiles it.
export * from "./layout";
export { readF32, readF64, readI32, readI64, readU32, readU64 } from "./run";
export { index } from "./tokens";
export { writeF32 } from "./write-float32";
export { writeF64 } from "./write-float64";
export { writeI32, writeI64, writeU32, writeU64 } from "./write-integer";
