/**
 * How many bytes one request may take in memory beyond those that it has on the wire: for a tensor
 * whose last value stands for all that follow, for a context that goes with every example. Else a
 * message of 50 bytes could take all memory.
 */
export const EXPANSION_BYTES = 64 * 2 ** 20;
