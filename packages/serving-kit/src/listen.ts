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
  /** What to tell people of all of them, a line each. */
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
  const lines: string[] = [];
  const servingLines: string[] = [];
  let restPort: number | undefined;
  let restUrl: string | undefined;
  let grpcPort: number | undefined;
  if (grpc) {
    ({ port: grpcPort } = await blaming(
      "port",
      grpc.port ?? 0,
      server.listenGrpc({ ...grpc, elsewhere: placeOfRest(rest) }),
      grpc.host,
    ));
    lines.push(`serving gRPC at localhost:${grpcPort}`);
    servingLines.push(`Running gRPC ModelServer at ${grpc.host ?? "0.0.0.0"}:${grpcPort} ...`);
  }
  if (grpcSocket) {
    const { socketPath } = grpcSocket;
    const listening = server.listenGrpc({ ...grpcSocket, elsewhere: placeOfRest(rest) });
    await blaming("grpc_socket_path", socketPath, listening);
    lines.push(`serving gRPC at unix:${socketPath}`);
    servingLines.push(`Running gRPC ModelServer at UNIX socket ${socketPath} ...`);
  }
  if (rest) {
    const elsewhere = placeOfGrpc(grpcPort);
    const listening = server.listen({ ...rest, elsewhere });
    const { port } = await blaming("rest_api_port", rest.port ?? 0, listening, rest.host);
    restPort = port;
    restUrl = `${rest.ssl ? "https" : "http"}://localhost:${port}`;
    servingLines.push(`Exporting HTTP/REST API at:localhost:${port} ...`);
    lines.push(`serving REST at ${restUrl}`);
  }
  if (restSocket) {
    const { socketPath } = restSocket;
    const listening = server.listen({ ...restSocket, elsewhere: placeOfGrpc(grpcPort) });
    await blaming("rest_api_socket_path", socketPath, listening);
    lines.push(`serving REST at unix:${socketPath}`);
  }
  return {
    ...(restPort !== undefined && { restPort }),
    ...(restUrl !== undefined && { restUrl }),
    ...(grpcPort !== undefined && { grpcPort }),
    lines,
    servingLines,
  };
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
