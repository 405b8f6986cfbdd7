import { copyMemory, workerThreads } from "@serving-kit/native-library";
import type { TensorFlow } from "./library.js";

/**
 * A bool: whether a session that is made now shares the process's pool of threads for the parts of an op. It is what
 * `LocalDevice::set_use_global_threadpool` of tensorflow/core/common_runtime/local_device.h sets; the C API has no
 * function for it. Windows exports another name.
 */
const SHARES_POOL = "_ZN10tensorflow11LocalDevice22use_global_threadpool_E";

/** Loads that make sessions with a pool of their own now. */
let loads = 0;

/**
 * Makes a session with a pool of its own instead of the process's, whose size the first session determines. Returns
 * undefined if this TensorFlow does not allow that. A session that is made meanwhile may also get its own pool.
 */
export function ownPool({
  library,
}: TensorFlow): (<R>(make: () => Promise<R>) => Promise<R>) | undefined {
  // Another thread would reset the bool while this one makes a session.
  const address = workerThreads().isMainThread ? library.address(SHARES_POOL) : undefined;
  if (address === undefined) return undefined;
  const write = (value: number) => copyMemory(address, Uint8Array.of(value), 1);
  const read = () => {
    const byte = new Uint8Array(1);
    copyMemory(byte, address, 1);
    return byte[0];
  };
  const before = read();
  // 0: `TF_OVERRIDE_GLOBAL_THREADPOOL` is set, or another load has set it.
  if (before !== 0 && before !== 1) return undefined;
  if (before === 0 && loads === 0) return (make) => make();
  return async (make) => {
    loads++;
    write(0);
    try {
      return await make();
    } finally {
      if (--loads === 0) write(1);
    }
  };
}
