/**
 * True if the rows of a signature are independent: each row of the outputs depends only on the same row of the inputs.
 */
export interface RowVerdict {
  readonly verdict: "independent" | "dependent" | "unknown";
  /** The reason as a clause, such as `output "y": op Cumsum of node "sums" computes along the rows`. */
  readonly reason: string;
}

/** Formats the verdict on a signature's structure as a line of an inspection. */
export const formatVerdict = (signature: string, { verdict, reason }: RowVerdict): string =>
  `rows of ${signature}: ${verdict} by structure: ${reason}` +
  (verdict === "independent" ? "; batched if a probe agrees when it is loaded" : "");
