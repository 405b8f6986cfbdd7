import type { Tflite } from "./library.js";
import { counts } from "./native-counts.js";

/** Size of the buffer for XNNPACK's options, larger than the struct of any version. Zeros are defaults. */
const XNNPACK_OPTIONS_BYTES = 256;

/** TFLITE_XNNPACK_DELEGATE_FLAG_QS8 and _QU8: quantized operators too. */
const XNNPACK_QUANTIZED = 0x1 | 0x2;

/** Makes the delegate, which runs what it can of a graph. Null when the processor has not what it takes. */
export function createXnnpack({ bindings }: Tflite, threads: number): bigint | null {
  const options = Buffer.alloc(XNNPACK_OPTIONS_BYTES);
  // { int32_t num_threads; uint32_t flags; … }: without threads, a run stays on its own.
  options.writeInt32LE(threads > 1 ? threads : 0, 0);
  options.writeUInt32LE(XNNPACK_QUANTIZED, 4);
  const delegate = bindings.xnnpackCreate(options);
  if (delegate !== null) counts.delegates++;
  return delegate;
}

/** After the interpreter that it was given to. */
export function deleteXnnpack({ bindings }: Tflite, delegate: bigint | null): void {
  if (delegate === null) return;
  bindings.xnnpackDelete(delegate);
  counts.delegates--;
}
