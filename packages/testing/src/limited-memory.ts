import { ServingError } from "@serving-kit/core";
import type { MemoryAllowance } from "@serving-kit/inference";

/** Returns an allowance of this many bytes. It refuses more with RESOURCE_EXHAUSTED / REQUEST_TOO_COSTLY. */
export function limitedMemory(bytes: number): MemoryAllowance & { readonly taken: number } {
  let taken = 0;
  return {
    get taken() {
      return taken;
    },
    take(more) {
      if (!(taken + more <= bytes)) {
        const message = `the request would need more than ${bytes} bytes`;
        throw new ServingError("RESOURCE_EXHAUSTED", "REQUEST_TOO_COSTLY", message, {
          status: 413,
        });
      }
      taken += more;
    },
  };
}
