import {
  type GrpcListenOptions,
  type ListenOptions,
  parseChannelArguments,
  type SocketListenOptions,
  type SslConfig,
} from "@serving-kit/server";
import type { ServerFlags } from "./server-flags.js";

/** The configured ports and sockets, each with its flag. */
export interface Listeners {
  readonly rest: ListenOptions | undefined;
  readonly restSocket: SocketListenOptions | undefined;
  readonly grpc: GrpcListenOptions | undefined;
  readonly grpcSocket: (GrpcListenOptions & SocketListenOptions) | undefined;
  /** Warnings about ignored flags. */
  readonly warnings: readonly string[];
}

/**
 * Returns the ports and sockets from the checked flags. If both ports are equal, REST is disabled with a warning, as
 * in TF Serving.
 *
 * @throws ServingError CONFIG_INVALID (INVALID_ARGUMENT) for the channel arguments.
 */
export function listenersOf(flags: ServerFlags, ssl: SslConfig | undefined): Listeners {
  const { port, rest_api_port, grpc_socket_path, rest_api_socket_path, host } = flags;
  const areEqual = port === rest_api_port && typeof port === "number" && port !== 0;
  const hasRest = rest_api_port !== 0 && !areEqual;
  const secured = ssl && { ssl };
  const placed = host !== undefined && { host };
  const { grpc_channel_arguments: channelArguments } = flags;
  const grpc = {
    ...secured,
    ...(channelArguments && { channelArguments: parseChannelArguments(channelArguments) }),
  };
  const warning =
    "--rest_api_port cannot be same as --port. Please use a different port for HTTP/REST API. " +
    "Skipped exporting HTTP/REST API.";
  return {
    rest: hasRest ? { port: numberOf(rest_api_port), ...placed, ...secured } : undefined,
    restSocket:
      rest_api_socket_path === "" ? undefined : { socketPath: rest_api_socket_path, ...secured },
    grpc: port === 0 ? undefined : { port: numberOf(port), ...placed, ...grpc },
    grpcSocket: grpc_socket_path === "" ? undefined : { socketPath: grpc_socket_path, ...grpc },
    warnings: areEqual ? [warning] : [],
  };
}

/** A port for Node's `listen`, where 0 means any free port. */
const numberOf = (port: ServerFlags["port"]): number => (port === "any" ? 0 : port);
