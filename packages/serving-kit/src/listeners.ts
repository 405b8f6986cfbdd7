import {
  type GrpcListenOptions,
  type ListenOptions,
  parseChannelArguments,
  type SocketListenOptions,
  type SslConfig,
} from "@serving-kit/server";
import type { ServerFlags } from "./server-flags.js";

/** Where the server is to listen, each with the flag that says so. */
export interface Listeners {
  readonly rest: ListenOptions | undefined;
  readonly restSocket: SocketListenOptions | undefined;
  readonly grpc: GrpcListenOptions | undefined;
  readonly grpcSocket: (GrpcListenOptions & SocketListenOptions) | undefined;
  /** Warnings of flags that are not followed, as sentences. */
  readonly warnings: readonly string[];
}

/**
 * Where the flags say that the server listens. Where the ports are equal REST is left out with a
 * warning, as in TF Serving. The flags are checked.
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

/** A port as Node has it, where 0 is any that is free. */
const numberOf = (port: ServerFlags["port"]): number => (port === "any" ? 0 : port);
