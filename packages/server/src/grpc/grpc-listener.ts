import { Server, ServerCredentials, type ServiceDefinition } from "@grpc/grpc-js";
import { messageOf } from "@serving-kit/core";
import type { ConnectionCount, ListenerOptions } from "../listening/listener.js";
import type { SharedListen } from "../listening/port-sharing.js";
import { checkSsl, type SslConfig } from "../listening/ssl-config.js";
import { claimSocketPath } from "../listening/unix-socket.js";
import type { GrpcService } from "../plugins/protocol.js";
import { type Acceptor, acceptFor } from "./acceptor.js";
import { callLimits } from "./call-limits.js";
import {
  type ChannelArguments,
  flowControlWindowOf,
  ignoredChannelArguments,
  supportedChannelArguments,
} from "./channel-arguments.js";
import { connectionWidener, widenCalls } from "./flow-control.js";
import { type HealthHost, HealthService } from "./health-service.js";
import { HeldConnections } from "./held-connections.js";
import { definitionOf, handlerOf, type MethodHost } from "./methods.js";
import { protocolWatcher } from "./protocol-watcher.js";
import {
  REFLECTION_VERSIONS,
  ReflectedServices,
  reflectionDefinition,
  reflectionService,
} from "./reflection-service.js";

/** The parts of an event loop that the gRPC listener uses. */
export interface GrpcHost extends MethodHost, HealthHost {
  /** The services of all protocols. */
  readonly services: readonly GrpcService[];
}

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

/** A listening gRPC server. */
export interface GrpcListener {
  readonly listening: GrpcListening;
  /** The current connections. */
  readonly connections: ConnectionCount;
  /** Reports not ready to health watches, and sends GOAWAY to each client, so that it reconnects. */
  goAway(): void;
  /** Sends GOAWAY to clients, and resolves when the last call has ended. */
  close(): Promise<void>;
  /** Aborts all calls and closes all connections. */
  cut(): void;
}

const MAX_MESSAGE_BYTES = 2 ** 31 - 1;

/**
 * Limits of one connection. The headers of a call take up to 64 KiB, which a client can send in 100 bytes, and
 * grpc-js does not limit the number of calls; above this limit, calls wait in the client. Without pings, a connection
 * whose client has vanished would stay open indefinitely. So would one on which calls are cancelled so fast that Node
 * stops reading from it.
 */
const CONNECTION_LIMITS = {
  "grpc.max_concurrent_streams": 1_000,
  "grpc.keepalive_time_ms": 60_000,
  "grpc.keepalive_timeout_ms": 20_000,
};

/**
 * Listens for the gRPC services of all protocols, health and reflection. If several threads share a port, listens at
 * `shared` instead of the port of the options.
 *
 * Rejects with an error with Node's `code`, such as EADDRINUSE, or with ServingError INVALID_ARGUMENT /
 * CONFIG_INVALID for the TLS configuration, a channel argument, or a file at the socket's path that is not a socket.
 *
 * @param onOtherClient Called for each client that does not speak HTTP/2.
 */
export async function listenGrpc(
  host: GrpcHost,
  options: GrpcListenOptions = {},
  shared?: SharedListen,
  onOtherClient: () => void = () => {},
): Promise<GrpcListener> {
  const { ssl, maxMessageBytes = MAX_MESSAGE_BYTES, channelArguments = {} } = options;
  const credentials = serverCredentials(ssl);
  const server = newServer(host, options);
  const windowBytes = flowControlWindowOf(channelArguments, maxMessageBytes);
  widenCalls(server, windowBytes);
  const widenConnections = connectionWidener(server, windowBytes);
  const connections = new HeldConnections(server, host.limits);
  const watchProtocols = protocolWatcher(server, onOtherClient);
  const onBound = () => {
    widenConnections();
    watchProtocols();
    connections.watch();
  };
  const health = new HealthService(host);
  addServices(server, host, health, options);
  let acceptor: Acceptor | undefined;
  const listener = {
    goAway() {
      health.tellAll();
      connections.goAway();
    },
    close: () =>
      new Promise<void>((resolve) => {
        health.close();
        acceptor?.close();
        server.tryShutdown(() => resolve());
      }),
    cut() {
      server.forceShutdown();
      connections.cut();
    },
  };
  try {
    acceptor = shared && (await acceptFor(server, credentials, shared));
    const listening = await bindAll(server, credentials, options, acceptor?.port, onBound);
    return {
      listening,
      get connections() {
        return connections.count;
      },
      ...listener,
    };
  } catch (error) {
    health.close();
    listener.cut();
    throw error;
  }
}

/** Creates the server with its limits and channel arguments, and logs the arguments that it does not support. */
function newServer(
  { limits, logger }: GrpcHost,
  { maxMessageBytes = MAX_MESSAGE_BYTES, channelArguments = {} }: GrpcListenOptions,
): Server {
  const server = new Server({
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
    ...CONNECTION_LIMITS,
    ...supportedChannelArguments(channelArguments),
    interceptors: [callLimits(limits)],
  });
  for (const name of ignoredChannelArguments(channelArguments)) {
    logger.warn({ argument: name }, `the gRPC server does not support the argument ${name}`);
  }
  return server;
}

/** Adds the services of the protocols, health, and unless it is disabled reflection. */
function addServices(
  server: Server,
  host: GrpcHost,
  health: HealthService,
  { reflection }: GrpcListenOptions,
): void {
  for (const service of host.services) addService(server, host, service);
  server.addService(HealthService.definition as ServiceDefinition, health.implementation);
  if (reflection === false) return;
  const reflected = new ReflectedServices(host.services);
  for (const version of REFLECTION_VERSIONS) {
    const definition = reflectionDefinition(version) as ServiceDefinition;
    server.addService(definition, reflectionService(version, reflected));
  }
}

/** Binds the port, unless threads share it, and the socket. Calls `onBound` after each. */
async function bindAll(
  server: Server,
  credentials: ServerCredentials,
  options: GrpcListenOptions,
  sharedPort: number | undefined,
  onBound: () => void,
): Promise<GrpcListening> {
  const { socketPath } = options;
  const port = sharedPort ?? (await bindPort(server, credentials, options));
  onBound();
  if (socketPath !== undefined) {
    await claimSocketPath(socketPath);
    await bind(server, `unix:${socketPath}`, credentials);
    onBound();
  }
  return { ...(port !== undefined && { port }), ...(socketPath !== undefined && { socketPath }) };
}

function addService(server: Server, host: GrpcHost, { name, methods }: GrpcService): void {
  const entries = Object.entries(methods);
  server.addService(
    Object.fromEntries(entries.map(([method, own]) => [method, definitionOf(name, method, own)])),
    Object.fromEntries(entries.map(([method, own]) => [method, handlerOf(host, own)])),
  );
}

async function bindPort(
  server: Server,
  credentials: ServerCredentials,
  { port, host, socketPath }: GrpcListenOptions,
): Promise<number | undefined> {
  if (port === undefined && socketPath !== undefined) return undefined;
  const wanted = port ?? 8500;
  if (host !== undefined) {
    const name = host.includes(":") ? `[${host}]` : host;
    return bind(server, `${name}:${wanted}`, credentials);
  }
  try {
    return await bind(server, `[::]:${wanted}`, credentials);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EAFNOSUPPORT" && code !== "EADDRNOTAVAIL") throw error;
    return bind(server, `0.0.0.0:${wanted}`, credentials); // a machine without IPv6
  }
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) return resolve(port);
      // grpc-js reports Node's error as a string.
      const code = /\bE[A-Z]{3,}\b/.exec(messageOf(error))?.[0];
      reject(Object.assign(error, code !== undefined && { code }));
    });
  });
}

/**
 * Makes the credentials of a gRPC server, insecure without a configuration.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID as `checkSsl` does.
 */
export function serverCredentials(ssl: SslConfig | undefined): ServerCredentials {
  if (ssl === undefined) return ServerCredentials.createInsecure();
  checkSsl(ssl);
  const { serverKey, serverCert, customCa, clientVerify = false } = ssl;
  return ServerCredentials.createSsl(
    customCa ? Buffer.from(customCa) : null,
    [{ private_key: Buffer.from(serverKey), cert_chain: Buffer.from(serverCert) }],
    clientVerify,
  );
}
