import { copyMemory, workerThreads } from "@serving-kit/native-library";
import type { TensorFlow } from "./library.js";

/**
 * A bool: whether a session that is made now shares the process's pool of threads for the parts of an op. It is what
 * `LocalDevice::set_use_global_threadpool` of tensorflow/core/common_runtime/local_device.h sets; the C API has no
 * function for it. Windows exports another name.
 */
export const SHARES_POOL = "_ZN10tensorflow11LocalDevice22use_global_threadpool_E";

/** Loads that make sessions with a pool of their own now. */
let loads = 0;

/**
 * Returns a function that makes a session with a pool of its own instead of the process's, whose size the first session
 * determines; undefined if this TensorFlow does not allow that. A session that is made meanwhile may also get its own
 * pool.
 */
export function ownPool({
  library,
}: TensorFlow): (<R>(make: () => Promise<R>) => Promise<R>) | undefined {
  // Another thread would reset the bool while this one makes a session.
  const address = workerThreads().isMainThread ? library.address(SHARES_POOL) : undefined;
  if (address === undefined) return undefined;
  const before = new Uint8Array(1);
  copyMemory(before, address, 1);
  const [shares = 0] = before;
  if (shares > 1) return undefined; // It is not a bool.
  // `TF_OVERRIDE_GLOBAL_THREADPOOL` is set: each session has its own pool.
  if (shares === 0 && loads === 0) return (make) => make();
  const write = (value: number) => copyMemory(address, Uint8Array.of(value), 1);
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
