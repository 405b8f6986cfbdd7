import { hasSubscribers } from "node:diagnostics_channel";
import { EventEmitter } from "node:events";
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
import { KEEP_ALIVE_MS } from "./plain-answer.js";
import { PlainConnection, type PlainHost } from "./plain-connection.js";

/** Timeouts for a client to send a request. After a timeout, the response is 408 and the connection is closed. */
export interface ClientTimeouts {
  /**
   * Timeout in ms for the headers, and for a TLS handshake, which is closed without a response. Default 30,000.
   * Infinity disables it; a handshake then has 120,000.
   */
  readonly headersTimeoutMs?: number | undefined;
  /** Timeout in ms for the whole request, including the body. Default 300,000. Infinity disables it. */
  readonly requestTimeoutMs?: number | undefined;
}

/** Options for listening on a port. */
export interface ListenOptions extends ClientTimeouts, ListenerOptions {
  /** Default 8501, as in TF Serving. 0 uses any free port. */
  readonly port?: number | undefined;
  /** Default: all addresses. */
  readonly host?: string | undefined;
  /** Default: no TLS. */
  readonly ssl?: SslConfig | undefined;
}

/** Options for listening on a unix socket. */
export interface SocketListenOptions extends ClientTimeouts, ListenerOptions {
  /**
   * The path of the socket. A stale socket of a dead process is replaced. The permissions of the folder and the
   * process's umask decide who may connect.
   */
  readonly socketPath: string;
  /** Default: no TLS. */
  readonly ssl?: SslConfig | undefined;
}

/** The address of a listener. */
export interface Listening {
  readonly port: number;
  readonly host: string;
  /** The URL for clients on this machine, such as `http://localhost:8501`. */
  readonly url: string;
}

/** Returns an address with its URL. The host of the URL is `localhost` if it listens on all addresses. */
export function listeningAt(
  { host, port }: SharedAddress,
  { ssl }: Pick<ListenOptions, "ssl">,
): Listening {
  const isAny = host === "::" || host === "0.0.0.0";
  const name = isAny ? "localhost" : isIPv6(host) ? `[${host}]` : host;
  return { host, port, url: `${ssl ? "https" : "http"}://${name}:${port}` };
}

/** The unix socket of a listener. */
export interface SocketListening {
  readonly socketPath: string;
}

const HEADERS_MS = 30_000;
const REQUEST_MS = 300_000;
const MAX_CHECKING_MS = 5_000;

/** Converts a timeout to Node's form, in which 0 disables it. */
const finite = (ms: number) => (Number.isFinite(ms) ? ms : 0);

/** The status lines for errors that Node detects before there is a request. */
const CLIENT_ERRORS: ReadonlyMap<string, string> = new Map([
  ["HPE_HEADER_OVERFLOW", "431 Request Header Fields Too Large"],
  ["ERR_HTTP_REQUEST_TIMEOUT", "408 Request Timeout"],
]);

/** Returns whether a client has not sent a request, or not made its handshake, in time. */
const isLate = ({ code = "" }: NodeJS.ErrnoException) =>
  code === "ERR_HTTP_REQUEST_TIMEOUT" || code === "ERR_TLS_HANDSHAKE_TIMEOUT";

/** Handles the requests of a listener, and limits its connections. */
export interface HttpListenerHost {
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  /** Handles plain requests. Default: `onRequest` handles all. */
  readonly onPlain?: PlainHost["onPlain"];
  /** Called for each client that speaks HTTP/2, as gRPC clients do. */
  readonly onHttp2Client?: () => void;
  readonly limits: LoopLimits;
}

/**
 * Listens for HTTP, or for HTTPS if `ssl` is set. If several threads share a port, listens at `shared` instead of the
 * port of the options. Rejects with Node's error, such as `EADDRINUSE` if the port or socket is taken, or with
 * ServingError INVALID_ARGUMENT / CONFIG_INVALID for `ssl` or for a file at the socket's path that is not a socket.
 */
export async function listenHttp(
  { onRequest, onPlain, onHttp2Client, limits }: HttpListenerHost,
  options: ListenOptions | SocketListenOptions,
  shared?: SharedListen,
): Promise<{ server: Server; listening: Listening | SocketListening }> {
  const server = serverOf(onRequest, options);
  const { secured } = watchConnections(server, limits);
  if (onPlain && !isInstrumented(server)) servePlain(server, onPlain, limits);
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (isHttp2Client(error)) onHttp2Client?.();
    if (isLate(error)) limits.refused("slow_request");
    // An HTTPS client cannot receive a response before the handshake.
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
    // Health checks of HAProxy and others send no Host, and no route depends on it.
    requireHostHeader: false,
    headersTimeout: finite(shortest),
    requestTimeout: finite(requestTimeoutMs),
    // Node checks for slow clients at this interval.
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

/** Returns whether a tracer observes the requests of Node's HTTP servers. It must see all of them. */
const isInstrumented = (server: Server): boolean =>
  server.emit !== EventEmitter.prototype.emit || CHANNELS.some((name) => hasSubscribers(name));

const CHANNELS = ["http.server.request.start", "http.server.response.created"];

const KEEP_ALIVE_EXTRA_MS = 1_000;

/** Lets `PlainConnection` handle the connections of a server until it hands them over. */
function servePlain(
  server: Server,
  onPlain: PlainHost["onPlain"],
  { allowedHosts }: LoopLimits,
): void {
  const event = server instanceof TlsServer ? "secureConnection" : "connection";
  const [byNode, ...others] = server.listeners(event) as ((socket: Socket) => void)[];
  const late = Object.assign(new Error("Request timeout"), { code: "ERR_HTTP_REQUEST_TIMEOUT" });
  const host: PlainHost = {
    onPlain,
    allowedHosts,
    serveByNode: (socket) => byNode?.call(server, socket),
    late: (socket) => server.emit("clientError", late, socket),
    firstRequestMs: server.headersTimeout,
    // Later than advertised, as in node:http, so that no request meets a closed connection.
    keepAliveMs: server.keepAliveTimeout + KEEP_ALIVE_EXTRA_MS,
  };
  server.removeAllListeners(event);
  for (const listener of others) server.on(event, listener);
  server.on(event, (socket: Socket) => {
    if (!socket.destroyed) new PlainConnection(socket, host);
  });
}

function listen(server: Server, where: object): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      // Errors from now on concern single connections that the system could not accept.
      server.on("error", () => {});
      resolve();
    });
  });
}

/** Time in ms that a client may read nothing of a response, once all responses are written. */
const LINGER_MS = 5_000;

/**
 * Stops listening after every received request has its response; resolves when the last connection is closed. A
 * connection is closed as soon as its written data is sent, regardless of further requests, or if its client has read
 * nothing for `lingerMs`.
 */
export function closeHttp(server: Server, lingerMs = LINGER_MS): Promise<void> {
  const { raw, secured } = connections.get(server) ?? { raw: new Set(), secured: new Set() };
  const isTls = server instanceof TlsServer;
  // Raw connections without a handshake are known only after the others have closed.
  const cutHandshakes = () => {
    if (isTls && secured.size === 0) for (const socket of raw) socket.destroy();
  };
  return new Promise((resolve) => {
    // `close` calls it, and it would close connections whose responses are written but not sent yet.
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

/** Connections, and the TLS sockets on top of them. */
interface Connections extends Readonly<Record<"raw" | "secured", Set<Socket>>> {
  /** Total number of accepted connections. */
  accepted: number;
}

/** The connections of a server: Node closes only those that have had a response. */
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

/** Closes all connections of a server, regardless of their requests. */
export function cutHttp(server: Server): void {
  for (const socket of connections.get(server)?.raw ?? []) socket.destroy();
}

/** Returns the connections of a server that `listenHttp` made. */
export function countConnections(server: Server): ConnectionCount {
  const { raw, accepted } = connections.get(server) as Connections;
  return { open: raw.size, accepted };
}

/** Responds to data that is not an HTTP request, in the API's form. */
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
  // Not `end`, which would wait indefinitely for the client to close its half.
  socket.destroySoon();
}
