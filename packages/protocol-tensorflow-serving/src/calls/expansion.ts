import { errors } from "../errors.js";

/**
 * How many bytes one request may take in memory beyond those that it has on the wire: for a tensor
 * whose last value stands for all that follow, for a context that goes with every example. Else a
 * message of 50 bytes could take all memory.
 */
export const EXPANSION_BYTES = 64 * 2 ** 20;

/**
 * Checks that a context of so many bytes may go with so many examples.
 *
 * @throws ServingError INVALID_ARGUMENT / REQUEST_UNFIT.
 */
export function checkContext(contextBytes: number, examples: number): void {
  if (contextBytes * examples <= EXPANSION_BYTES) return;
  throw errors.requestUnfit(
    `a context of ${contextBytes} bytes for ${examples} examples: together more than ` +
      `${EXPANSION_BYTES} bytes, which is the limit`,
  );
}
