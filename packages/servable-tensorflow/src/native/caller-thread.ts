import type { Bindings } from "./bindings.js";

/** `RunOptions { inter_op_thread_pool: -1 }` of config.proto: ops run on the caller's thread. */
const CALLER_THREAD = Uint8Array.of(
  0x18,
  0xff,
  0xff,
  0xff,
  0xff,
  0xff,
  0xff,
  0xff,
  0xff,
  0xff,
  0x01,
);

const callerThreadBuffers = new WeakMap<Bindings, bigint>();

/** Returns a TF_Buffer that runs share and that is never freed. */
export function callerThreadOptions(bindings: Bindings): bigint {
  let buffer = callerThreadBuffers.get(bindings);
  if (buffer === undefined) {
    buffer = bindings.newBuffer(CALLER_THREAD, CALLER_THREAD.length) as bigint;
    callerThreadBuffers.set(bindings, buffer);
  }
  return buffer;
}
