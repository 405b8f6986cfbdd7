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

/** The parts of an event loop that gRPC is served from. */
export interface GrpcHost extends MethodHost, HealthHost {
  /** The services of all protocols. */
  readonly services: readonly GrpcService[];
}

/** Where and how to listen for gRPC. */
export interface GrpcListenOptions extends ListenerOptions {
  /**
   * Default 8500, TF Serving's, or none if there is a `socketPath`; 0 takes any free port.
   */
  readonly port?: number | undefined;
  /** Default: all addresses. */
  readonly host?: string | undefined;
  /**
   * The path of a unix socket to listen on. One that a process left behind when it died is replaced.
   * Default none.
   */
  readonly socketPath?: string | undefined;
  /** Default: no TLS. */
  readonly ssl?: SslConfig | undefined;
  /** The greatest message in bytes. Default 2^31 - 1, as in TF Serving. */
  readonly maxMessageBytes?: number | undefined;
  /**
   * Further arguments of the channel, by their gRPC names. Default: at most 1000 calls at once on a
   * connection (`grpc.max_concurrent_streams`), which is given up when a ping of every minute
   * (`grpc.keepalive_time_ms`) is not answered within 20 s (`grpc.keepalive_timeout_ms`), and
   * 4 MiB of messages, or a whole one where that is less, that are under way before they are read, for each
   * call and each connection (`grpc-node.flow_control_window`).
   */
  readonly channelArguments?: ChannelArguments | undefined;
  /** Whether clients may ask for the services and messages. Default true. */
  readonly reflection?: boolean | undefined;
}

/** Where gRPC is listened for. */
export interface GrpcListening {
  /** Absent when only a unix socket was asked for. */
  readonly port?: number;
  readonly socketPath?: string;
}

/** A gRPC server that listens. */
export interface GrpcListener {
  readonly listening: GrpcListening;
  /** The connections now. */
  readonly connections: ConnectionCount;
  /** Tells watches of health that the server is not ready, and each client by GOAWAY to reconnect. */
  goAway(): void;
  /** Tells clients to go elsewhere and resolves when the last call has ended. */
  close(): Promise<void>;
  /** Cuts all calls and connections off. */
  cut(): void;
}

const MAX_MESSAGE_BYTES = 2 ** 31 - 1;

/**
 * What bounds one connection. The headers alone of a call take up to 64 KiB, which a client can send in
 * 100 bytes, and grpc-js sets no limit to the calls; clients keep those back that are too many. Without
 * pings a connection whose client has vanished would be held indefinitely, and so would one on which calls
 * were cancelled so fast that Node no longer reads from it.
 */
const CONNECTION_LIMITS = {
  "grpc.max_concurrent_streams": 1_000,
  "grpc.keepalive_time_ms": 60_000,
  "grpc.keepalive_timeout_ms": 20_000,
};

/**
 * Listens for the gRPC services of all protocols, health and reflection. At
 * `shared` in place of the port of the options where several threads listen at it.
 *
 * Rejects with an error with Node's `code`, such as EADDRINUSE; ServingError INVALID_ARGUMENT /
 * CONFIG_INVALID for the TLS configuration, an argument of the channel, or what stands instead of the
 * socket.
 *
 * @param onOtherClient Called for each client that does not speak HTTP/2.
 */
export async function listenGrpc(
  host: GrpcHost,
  options: GrpcListenOptions = {},
  shared?: SharedListen,
  onOtherClient: () => void = () => {},
): Promise<GrpcListener> {
  const { socketPath, ssl, maxMessageBytes = MAX_MESSAGE_BYTES, channelArguments = {} } = options;
  const credentials = serverCredentials(ssl);
  const server = new Server({
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
    ...CONNECTION_LIMITS,
    ...supportedChannelArguments(channelArguments),
    interceptors: [callLimits(host.limits)],
  });
  for (const name of ignoredChannelArguments(channelArguments)) {
    host.logger.warn({ argument: name }, `the gRPC server knows no argument ${name}`);
  }
  const windowBytes = flowControlWindowOf(channelArguments, maxMessageBytes);
  widenCalls(server, windowBytes);
  const widenConnections = connectionWidener(server, windowBytes);
  const connections = new HeldConnections(server, host.limits);
  const watchProtocols = protocolWatcher(server, onOtherClient);
  const isBound = () => {
    widenConnections();
    watchProtocols();
    connections.watch();
  };
  const health = new HealthService(host);
  for (const service of host.services) addService(server, host, service);
  server.addService(HealthService.definition as ServiceDefinition, health.implementation);
  if (options.reflection !== false) {
    const reflected = new ReflectedServices(host.services);
    for (const version of REFLECTION_VERSIONS) {
      const definition = reflectionDefinition(version) as ServiceDefinition;
      server.addService(definition, reflectionService(version, reflected));
    }
  }
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
    const port = acceptor?.port ?? (await bindPort(server, credentials, options));
    isBound();
    if (socketPath !== undefined) {
      await claimSocketPath(socketPath);
      await bind(server, `unix:${socketPath}`, credentials);
      isBound();
    }
    const listening = {
      ...(port !== undefined && { port }),
      ...(socketPath !== undefined && { socketPath }),
    };
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
      // grpc-js tells Node's error as a text.
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
