/** Options of every listener. */
export interface ListenerOptions {
  /**
   * The hint for clients of the other protocol, as the end of a log sentence such as `gRPC is served at port 8500
   * (--port)`. Default: the port at which this server serves it.
   */
  readonly elsewhere?: string | undefined;
}

/** The connections of a server over all of its listeners. */
export interface ConnectionCount {
  /** Number of open connections. */
  readonly open: number;
  /** Total number of accepted connections. */
  readonly accepted: number;
}

/** Returns the sum of the connections of two servers. */
export const addCounts = (a: ConnectionCount, b: ConnectionCount): ConnectionCount => ({
  open: a.open + b.open,
  accepted: a.accepted + b.accepted,
});
