import { isServingError } from "@serving-kit/core";
import type { ModelServer } from "@serving-kit/server";
import { errors } from "./errors.js";
import type { Listeners } from "./listeners.js";

/** The addresses that the command listens on. */
export interface Addresses {
  /** The port of the REST API; absent if REST has no port. */
  readonly restPort?: number;
  /** The local URL of the REST API, such as `http://localhost:8501`; absent if REST has no port. */
  readonly restUrl?: string;
  /** The gRPC port; absent if gRPC has no port. */
  readonly grpcPort?: number;
  /** A log line for each address. */
  readonly lines: readonly string[];
  /** TF Serving's log lines for the addresses, logged when models are loaded. Scripts wait for these lines. */
  readonly servingLines: readonly string[];
}

/**
 * Makes a server listen on all configured ports and sockets.
 *
 * @throws ServingError PORT_TAKEN or LISTEN_FAILED (UNAVAILABLE) that names the flag to change.
 */
export async function listen(
  server: ModelServer,
  { rest, restSocket, grpc, grpcSocket }: Listeners,
): Promise<Addresses> {
  const grpcPort = grpc && (await listenGrpc(server, grpc, rest));
  if (grpcSocket) {
    const listening = server.listenGrpc({ ...grpcSocket, elsewhere: placeOfRest(rest) });
    await blaming("grpc_socket_path", grpcSocket.socketPath, listening);
  }
  const elsewhere = placeOfGrpc(grpcPort);
  const restPort = rest && (await listenRest(server, rest, elsewhere));
  const restUrl = rest && `${rest.ssl ? "https" : "http"}://localhost:${restPort}`;
  if (restSocket) {
    const listening = server.listen({ ...restSocket, elsewhere });
    await blaming("rest_api_socket_path", restSocket.socketPath, listening);
  }
  const lines = [
    grpc && `serving gRPC at localhost:${grpcPort}`,
    grpcSocket && `serving gRPC at unix:${grpcSocket.socketPath}`,
    rest && `serving REST at ${restUrl}`,
    restSocket && `serving REST at unix:${restSocket.socketPath}`,
  ];
  const servingLines = [
    grpc && `Running gRPC ModelServer at ${grpc.host ?? "0.0.0.0"}:${grpcPort} ...`,
    grpcSocket && `Running gRPC ModelServer at UNIX socket ${grpcSocket.socketPath} ...`,
    rest && `Exporting HTTP/REST API at:localhost:${restPort} ...`,
  ];
  return {
    ...(restPort !== undefined && { restPort }),
    ...(restUrl !== undefined && { restUrl }),
    ...(grpcPort !== undefined && { grpcPort }),
    lines: lines.filter((line) => line !== undefined),
    servingLines: servingLines.filter((line) => line !== undefined),
  };
}

async function listenGrpc(
  server: ModelServer,
  grpc: NonNullable<Listeners["grpc"]>,
  rest: Listeners["rest"],
): Promise<number | undefined> {
  const listening = server.listenGrpc({ ...grpc, elsewhere: placeOfRest(rest) });
  return (await blaming("port", grpc.port ?? 0, listening, grpc.host)).port;
}

async function listenRest(
  server: ModelServer,
  rest: NonNullable<Listeners["rest"]>,
  elsewhere: string,
): Promise<number> {
  const listening = server.listen({ ...rest, elsewhere });
  return (await blaming("rest_api_port", rest.port ?? 0, listening, rest.host)).port;
}

const placeOfGrpc = (port: number | undefined) =>
  port === undefined ? "set --port to serve gRPC" : `gRPC is served at port ${port} (--port)`;

/** The hint for REST clients that call the gRPC port. An `any` port is known only after it is opened. */
function placeOfRest(rest: Listeners["rest"]): string {
  if (rest === undefined) return "this port serves only gRPC; set --rest_api_port to serve REST";
  return rest.port
    ? `REST is served at port ${rest.port} (--rest_api_port)`
    : "REST is served at --rest_api_port";
}

async function blaming<T>(
  flag: string,
  where: number | string,
  listening: Promise<T>,
  host?: string,
): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    if (isServingError(error))
      error.message = error.message.replace(/^socketPath(?=: )/, `--${flag}`);
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    const isUnknown = /^(EADDRNOTAVAIL|ENOTFOUND|EAI_AGAIN)$/.test(code ?? "");
    // grpc-js has no error code for names that cannot be resolved.
    if (host !== undefined && (isUnknown || message.startsWith("Name resolution failed"))) {
      throw errors.hostUnusable(host, error);
    }
    if (code === "EADDRINUSE") throw errors.portTaken(flag, where, error);
    if (code?.startsWith("E") && syscall !== "open") throw errors.listenFailed(flag, where, error);
    throw error;
  }
}
