import { isServingError } from "@serving-kit/core";
import type { ModelServer } from "@serving-kit/server";
import { errors } from "./errors.js";
import type { Listeners } from "./listeners.js";

/** Where the command listens. */
export interface Addresses {
  /** The port of the REST API; absent when it is not served on one. */
  readonly restPort?: number;
  /** The address of the REST API for clients on this machine, such as `http://localhost:8501`; absent as its port. */
  readonly restUrl?: string;
  /** The port of gRPC; absent when it is not served on one. */
  readonly grpcPort?: number;
  /** A line for people about each of them. */
  readonly lines: readonly string[];
  /** TF Serving's lines of them, which it logs when models are loaded; scripts wait for them. */
  readonly servingLines: readonly string[];
}

/**
 * Lets a server listen in all places.
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
  port === undefined ? "--port serves gRPC" : `gRPC is served at port ${port} (--port)`;

/** Where REST clients belong that call gRPC: a free port is known only when it is listened at. */
function placeOfRest(rest: Listeners["rest"]): string {
  if (rest === undefined) return "this port speaks gRPC only; --rest_api_port serves REST";
  return rest.port
    ? `REST is served at port ${rest.port} (--rest_api_port)`
    : "--rest_api_port serves REST";
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
    // Of a name that cannot be resolved grpc-js gives no code.
    if (host !== undefined && (isUnknown || message.startsWith("Name resolution failed"))) {
      throw errors.hostUnusable(host, error);
    }
    if (code === "EADDRINUSE") throw errors.portTaken(flag, where, error);
    if (code?.startsWith("E") && syscall !== "open") throw errors.listenFailed(flag, where, error);
    throw error;
  }
}
