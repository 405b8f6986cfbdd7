/** Options of every listener. */
export interface ListenerOptions {
  /**
   * Where clients of the other protocol belong, as the end of a sentence of the log, such as `gRPC is served
   * at port 8500 (--port)`. Default: the port at which this server serves it.
   */
  readonly elsewhere?: string | undefined;
}

/** The connections of a server, over all of its listeners. */
export interface ConnectionCount {
  /** Connections that are open now. */
  readonly open: number;
  /** Connections that were accepted until now. */
  readonly accepted: number;
}

/** The connections of two servers together. */
export const addCounts = (a: ConnectionCount, b: ConnectionCount): ConnectionCount => ({
  open: a.open + b.open,
  accepted: a.accepted + b.accepted,
});
