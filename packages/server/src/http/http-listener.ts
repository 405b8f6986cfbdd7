import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, Server as TlsServer } from "node:https";
import { type AddressInfo, isIPv6, type Socket } from "node:net";
import { admit } from "../limits/admit.js";
import type { LoopLimits } from "../limits/loop-limits.js";
import type { ConnectionCount, ListenerOptions } from "../listening/listener.js";
import type { SharedAddress, SharedListen } from "../listening/port-sharing.js";
import { checkSsl, type SslConfig } from "../listening/ssl-config.js";
import { claimSocketPath } from "../listening/unix-socket.js";
import { isHttp2Client } from "../listening/wrong-protocol.js";

/** How long a client may take to send a request. Who takes longer is answered 408 and cut off. */
export interface ClientTimeouts {
  /**
   * For its headers, in ms, and for a TLS handshake as well, which is cut off without an answer. Default
   * 30,000; Infinity: as long as it likes, but 120,000 for a handshake.
   */
  readonly headersTimeoutMs?: number | undefined;
  /** For all of it, body included, in ms. Default 300,000; Infinity: as long as it likes. */
  readonly requestTimeoutMs?: number | undefined;
}

/** On which port to listen, and how. */
export interface ListenOptions extends ClientTimeouts, ListenerOptions {
  /** Default 8501, TF Serving's; 0 takes any free port. */
  readonly port?: number | undefined;
  /** Default: all addresses. */
  readonly host?: string | undefined;
  /** Default: no TLS. */
  readonly ssl?: SslConfig | undefined;
}

/** On which unix socket to listen, and how. */
export interface SocketListenOptions extends ClientTimeouts, ListenerOptions {
  /**
   * The path of the socket. One that a process left behind when it died is replaced. Who may connect
   * is said by the permissions of the folder, and by the process's umask.
   */
  readonly socketPath: string;
  /** Default: no TLS. */
  readonly ssl?: SslConfig | undefined;
}

/** The address that is listened on now. */
export interface Listening {
  readonly port: number;
  readonly host: string;
  /** Its URL for clients on this machine, such as `http://localhost:8501`. */
  readonly url: string;
}

/** An address with its URL: `localhost` if all addresses are listened on. */
export function listeningAt(
  { host, port }: SharedAddress,
  { ssl }: Pick<ListenOptions, "ssl">,
): Listening {
  const isAny = host === "::" || host === "0.0.0.0";
  const name = isAny ? "localhost" : isIPv6(host) ? `[${host}]` : host;
  return { host, port, url: `${ssl ? "https" : "http"}://${name}:${port}` };
}

/** The unix socket that is listened on now. */
export interface SocketListening {
  readonly socketPath: string;
}

/** Longer than the idle timeout of usual load balancers, so that they never reuse a closed one. */
const KEEP_ALIVE_MS = 65_000;

const HEADERS_MS = 30_000;
const REQUEST_MS = 300_000;
const MAX_CHECKING_MS = 5_000;

/** A time as Node takes it, where 0 disables the limit. */
const finite = (ms: number) => (Number.isFinite(ms) ? ms : 0);

/** The texts of what Node refuses before there is a request. */
const CLIENT_ERRORS: ReadonlyMap<string, string> = new Map([
  ["HPE_HEADER_OVERFLOW", "431 Request Header Fields Too Large"],
  ["ERR_HTTP_REQUEST_TIMEOUT", "408 Request Timeout"],
]);

/** Whether a client has not sent a request, or not made its handshake, in time. */
const isLate = ({ code = "" }: NodeJS.ErrnoException) =>
  code === "ERR_HTTP_REQUEST_TIMEOUT" || code === "ERR_TLS_HANDSHAKE_TIMEOUT";

/** Answers the requests of a listener, and bounds its connections. */
export interface HttpListenerHost {
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  /** Called for each client that speaks HTTP/2, as gRPC clients do. */
  readonly onHttp2Client?: () => void;
  readonly limits: LoopLimits;
}

/**
 * Listens for HTTP, or for HTTPS where there is `ssl`; at `shared` in place of the port of the options
 * where several threads listen at it. Rejects with Node's error, `EADDRINUSE` where
 * the port or socket is taken; ServingError INVALID_ARGUMENT / CONFIG_INVALID for `ssl` or what
 * stands instead of the socket.
 */
export async function listenHttp(
  { onRequest, onHttp2Client, limits }: HttpListenerHost,
  options: ListenOptions | SocketListenOptions,
  shared?: SharedListen,
): Promise<{ server: Server; listening: Listening | SocketListening }> {
  const server = serverOf(onRequest, options);
  const { secured } = watchConnections(server, limits);
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (isHttp2Client(error)) onHttp2Client?.();
    if (isLate(error)) limits.refused("slow_request");
    // Nothing can be said to a client of HTTPS before the handshake.
    if (server instanceof TlsServer && !secured.has(socket as Socket)) socket.destroy();
    else refuse(error, socket as Socket);
  });
  if ("socketPath" in options) {
    const { socketPath } = options;
    await claimSocketPath(socketPath);
    await listen(server, { path: socketPath });
    return { server, listening: { socketPath } };
  }
  const { port = 8501, host } = options;
  await listen(server, shared ?? { port, ...(host !== undefined && { host }) });
  const address = server.address() as AddressInfo;
  return { server, listening: listeningAt({ host: address.address, port: address.port }, options) };
}

function serverOf(
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
  { ssl, headersTimeoutMs = HEADERS_MS, requestTimeoutMs = REQUEST_MS }: ListenOptions,
): Server {
  const shortest = Math.min(headersTimeoutMs, requestTimeoutMs);
  const options = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    // The checks of HAProxy and others send none, and no name matters here.
    requireHostHeader: false,
    headersTimeout: finite(shortest),
    requestTimeout: finite(requestTimeoutMs),
    // Node looks for slow clients this often.
    connectionsCheckingInterval: Math.ceil(Math.min(MAX_CHECKING_MS, shortest / 2)),
  };
  if (ssl === undefined) return createServer(options, onRequest);
  checkSsl(ssl);
  const { serverKey: key, serverCert: cert, customCa: ca, clientVerify = false } = ssl;
  return createTlsServer(
    {
      ...options,
      ...{ key, cert, requestCert: clientVerify, ...(ca && { ca }) },
      handshakeTimeout: options.headersTimeout,
    },
    onRequest,
  );
}

function listen(server: Server, where: object): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      // From now on: a connection that the system could not hand over, which is its client's trouble.
      server.on("error", () => {});
      resolve();
    });
  });
}

/** How long a client may read nothing of an answer, once all were given, in ms. */
const LINGER_MS = 5_000;

/**
 * Stops listening, when every request that came has been answered; resolves when the last connection
 * is closed. Each is closed as soon as what was written to it has left, regardless of what its client is about
 * to send, or when its client has read nothing of it for `lingerMs`.
 */
export function closeHttp(server: Server, lingerMs = LINGER_MS): Promise<void> {
  const { raw, secured } = connections.get(server) ?? { raw: new Set(), secured: new Set() };
  const isTls = server instanceof TlsServer;
  // Which of the raw ones never made their handshake is known when the others are gone.
  const cutHandshakes = () => {
    if (isTls && secured.size === 0) for (const socket of raw) socket.destroy();
  };
  return new Promise((resolve) => {
    // `close` calls it, and it would close connections whose answers are written but have not left yet.
    server.closeIdleConnections = () => {};
    server.close(() => resolve());
    server.on("secureConnection", (socket) => socket.destroy());
    for (const socket of isTls ? secured : raw) {
      socket.setTimeout(lingerMs, () => socket.destroy());
      socket.once("close", cutHandshakes).destroySoon();
    }
    cutHandshakes();
  });
}

/** Connections, and of those with TLS what stands on top of them. */
interface Connections extends Readonly<Record<"raw" | "secured", Set<Socket>>> {
  /** Connections that were accepted until now. */
  accepted: number;
}

/** The connections of a server: Node closes only those on which a request was answered. */
const connections = new WeakMap<Server, Connections>();

function watchConnections(server: Server, limits: LoopLimits): Connections {
  const held = { raw: new Set<Socket>(), secured: new Set<Socket>(), accepted: 0 };
  connections.set(server, held);
  const hold = (sockets: Set<Socket>) => (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  };
  server.on("connection", (socket: Socket) => {
    held.accepted++;
    if (!admit(socket, limits)) return;
    hold(held.raw)(socket);
  });
  server.on("secureConnection", hold(held.secured));
  return held;
}

/** The connections of a server that `listenHttp` made. */
export function countConnections(server: Server): ConnectionCount {
  const { raw, accepted } = connections.get(server) as Connections;
  return { open: raw.size, accepted };
}

/** Answers what is not an HTTP request, in the API's form. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = CLIENT_ERRORS.get(error.code ?? "") ?? "400 Bad Request";
  const body = JSON.stringify({ error: status.slice(4) });
  socket.write(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n` +
      `X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n${body}`,
  );
  // Not `end`, which would wait for the client to close its half, for as long as it likes.
  socket.destroySoon();
}
