import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** Where to listen. */
export interface ListenOptions {
  /** Default 8501, TF Serving's; 0 takes any free port. */
  readonly port?: number;
  /** Default: all addresses. */
  readonly host?: string;
}

/** What listens now. */
export interface Listening {
  readonly port: number;
  readonly host: string;
}

/** Longer than the idle time-out of usual load balancers, so that they never reuse a closed one. */
const KEEP_ALIVE_MS = 65_000;

/** The texts of what Node refuses before there is a request. */
const CLIENT_ERRORS: ReadonlyMap<string, string> = new Map([
  ["HPE_HEADER_OVERFLOW", "431 Request Header Fields Too Large"],
  ["ERR_HTTP_REQUEST_TIMEOUT", "408 Request Timeout"],
]);

/**
 * Listens for HTTP. Rejects with Node's error, `EADDRINUSE` where the port is taken.
 */
export async function listenHttp(
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
  { port = 8501, host }: ListenOptions,
): Promise<{ server: Server; listening: Listening }> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, onRequest);
  server.on("clientError", refuse);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host !== undefined && { host }) }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address() as AddressInfo;
  return { server, listening: { port: address.port, host: address.address } };
}

/** Stops listening; resolves when the last connection is closed. Idle ones are closed at once. */
export function closeHttp(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

/** Answers what is no HTTP request, in the API's form. */
function refuse(error: NodeJS.ErrnoException, connection: unknown): void {
  const socket = connection as Socket;
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = CLIENT_ERRORS.get(error.code ?? "") ?? "400 Bad Request";
  const body = JSON.stringify({ error: status.slice(4) });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  );
}
