import type { ListenerOptions } from "../listening/listener.js";
import type { SslConfig } from "../listening/ssl-config.js";
import type { ChannelArguments } from "./channel-arguments.js";

/** Options for `listenGrpc`. */
export interface GrpcListenOptions extends ListenerOptions {
  /** Default 8500, as in TF Serving, or none if `socketPath` is set. 0 uses any free port. */
  readonly port?: number | undefined;
  /** Default: all addresses. */
  readonly host?: string | undefined;
  /** The path of a unix socket to listen on. A stale socket of a dead process is replaced. Default none. */
  readonly socketPath?: string | undefined;
  /** Default: no TLS. */
  readonly ssl?: SslConfig | undefined;
  /** Maximum message size in bytes. Default 2^31 - 1, as in TF Serving. */
  readonly maxMessageBytes?: number | undefined;
  /**
   * Further channel arguments, by their gRPC names. Defaults: at most 1000 concurrent calls per connection
   * (`grpc.max_concurrent_streams`); a ping every minute (`grpc.keepalive_time_ms`), and the connection is closed
   * without a reply within 20 s (`grpc.keepalive_timeout_ms`); a flow-control window of 4 MiB, or the maximum message
   * size if that is less, per call and connection (`grpc-node.flow_control_window`).
   */
  readonly channelArguments?: ChannelArguments | undefined;
  /** If true, serves reflection of the services and messages. Default true. */
  readonly reflection?: boolean | undefined;
}

/** The address of a gRPC listener. */
export interface GrpcListening {
  /** Absent if it listens only on a unix socket. */
  readonly port?: number;
  readonly socketPath?: string;
}
