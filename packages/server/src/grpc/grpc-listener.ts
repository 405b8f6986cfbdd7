import { Server, type ServiceDefinition } from "@grpc/grpc-js";
import type { ConnectionCount } from "../listening/listener.js";
import type { SharedListen } from "../listening/port-sharing.js";
import type { GrpcService } from "../plugins/protocol.js";
import { type Acceptor, acceptFor } from "./acceptor.js";
import { bindServer } from "./bind-server.js";
import { callLimits } from "./call-limits.js";
import {
  flowControlWindowOf,
  ignoredChannelArguments,
  supportedChannelArguments,
} from "./channel-arguments.js";
import { connectionWidener, widenCalls } from "./flow-control.js";
import type { GrpcListening, GrpcListenOptions } from "./grpc-listen-options.js";
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
import { serverCredentials } from "./server-credentials.js";

/** The parts of an event loop that the gRPC listener uses. */
export interface GrpcHost extends MethodHost, HealthHost {
  /** The services of all protocols. */
  readonly services: readonly GrpcService[];
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
  try {
    const acceptor = shared && (await acceptFor(server, credentials, shared));
    const listening = await bindServer(server, credentials, options, acceptor?.port, onBound);
    return runningListener({ server, health, connections, acceptor, listening });
  } catch (error) {
    health.close();
    server.forceShutdown();
    connections.cut();
    throw error;
  }
}

/** The parts of a listening gRPC server. */
interface ListenerParts {
  readonly server: Server;
  readonly health: HealthService;
  readonly connections: HeldConnections;
  /** Accepts connections of a port that threads share. */
  readonly acceptor: Acceptor | undefined;
  readonly listening: GrpcListening;
}

function runningListener(parts: ListenerParts): GrpcListener {
  const { server, health, connections, acceptor, listening } = parts;
  return {
    listening,
    get connections() {
      return connections.count;
    },
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

function addService(server: Server, host: GrpcHost, { name, methods }: GrpcService): void {
  const entries = Object.entries(methods);
  server.addService(
    Object.fromEntries(entries.map(([method, own]) => [method, definitionOf(name, method, own)])),
    Object.fromEntries(entries.map(([method, own]) => [method, handlerOf(host, own)])),
  );
}
