import type { Server } from "node:http";
import type { Clock, Logger } from "@serving-kit/core";
import type { Authorize } from "../calls/authorize.js";
import { errors } from "../errors.js";
import type { GrpcListening, GrpcListenOptions } from "../grpc/grpc-listen-options.js";
import type { GrpcListener } from "../grpc/grpc-listener.js";
import { createFetchHandler, type FetchHandler } from "../http/fetch-handler.js";
import { HttpApi, type HttpOptions } from "../http/http-api.js";
import {
  closeHttp,
  countConnections,
  type Listening,
  type ListenOptions,
  listenHttp,
  type SocketListening,
  type SocketListenOptions,
} from "../http/http-listener.js";
import { createRestListener, type RestListener } from "../http/node-listener.js";
import { createPlainListener, type PlainListener } from "../http/plain-listener.js";
import type { RouteTable } from "../http/route-table.js";
import type { LoopLimits } from "../limits/loop-limits.js";
import type { InFlight } from "../listening/in-flight.js";
import { addCounts, type ConnectionCount } from "../listening/listener.js";
import type { SharedListen } from "../listening/port-sharing.js";
import { protocolWarning, type Transport, wrongProtocolLine } from "../listening/wrong-protocol.js";
import type { GrpcService } from "../plugins/protocol.js";
import type { ServerCore } from "../plugins/server-core.js";
import { type ShutDown, shutDown } from "./shutdown.js";

/** The parts of one event loop that its transports serve. */
export interface TransportsHost {
  readonly routes: RouteTable;
  /** Makes the gRPC services of all protocols. */
  services(): Promise<readonly GrpcService[]>;
  readonly inFlight: InFlight;
  readonly core: ServerCore;
  readonly rest: HttpOptions | undefined;
  readonly limits: LoopLimits;
  readonly authorize: Authorize | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** HTTP and gRPC for the protocols of one event loop, from listening to the last response. */
export class Transports {
  readonly rest: RestListener;
  readonly fetch: FetchHandler;
  readonly #listener: RestListener;
  readonly #onPlain: PlainListener;
  readonly #host: TransportsHost;
  readonly #inFlight: InFlight;
  readonly #http: Server[] = [];
  readonly #grpc: GrpcListener[] = [];
  /** The last port that each protocol listened on. */
  readonly #ports: Partial<Record<Transport, number>> = {};
  /** True if requests arrive through the app's server, whose connections are not known here. */
  #isMounted = false;

  constructor(host: TransportsHost) {
    this.#host = host;
    const { rest, logger, limits, inFlight } = host;
    this.#inFlight = inFlight;
    const api = new HttpApi(host, rest);
    this.#listener = createRestListener(api, { logger, limits, isOwn: true }, rest);
    this.#onPlain = createPlainListener(api, { logger, limits }, rest);
    const mounted = createRestListener(api, { logger, limits, isOwn: false }, rest);
    this.rest = (request, response, next) => {
      this.#isMounted = true;
      mounted(request, response, next);
    };
    const fetch = createFetchHandler(api, limits.budget, rest);
    this.fetch = (request) => {
      this.#isMounted = true;
      return fetch(request);
    };
  }

  /** True if new requests are rejected. */
  get isClosing(): boolean {
    return this.#inFlight.isClosing;
  }

  /** Contract: `ModelServer.routes`. */
  get routes(): RouteTable["claimed"] {
    return this.#host.routes.claimed;
  }

  /** Contract: `ModelServer.listen`; listens at `shared` if other loops share the port. */
  listen(options: ListenOptions, shared?: SharedListen): Promise<Listening>;
  listen(options: SocketListenOptions): Promise<SocketListening>;
  async listen(
    options: ListenOptions | SocketListenOptions,
    shared?: SharedListen,
  ): Promise<Listening | SocketListening> {
    if (this.isClosing) throw errors.serverClosing();
    const onRequest: RestListener = (request, response) => this.#listener(request, response);
    let port: number | undefined;
    const warn = this.#protocolWarning("REST", () => port, options.elsewhere);
    const { limits } = this.#host;
    const host = { onRequest, onPlain: this.#onPlain, onHttp2Client: warn, limits };
    const { server, listening } = await listenHttp(host, options, shared);
    if ("port" in listening) port = listening.port;
    if (this.isClosing) {
      await closeHttp(server);
      throw errors.serverClosing();
    }
    this.#http.push(server);
    if (port !== undefined) this.#ports.REST = port;
    return listening;
  }

  /** Contract: `ModelServer.listenGrpc`; listens at `shared` if other loops share the port. */
  async listenGrpc(options: GrpcListenOptions, shared?: SharedListen): Promise<GrpcListening> {
    // Imported lazily: a server without gRPC need not load its library.
    const { listenGrpc } = await import("../grpc/grpc-listener.js");
    if (this.isClosing) throw errors.serverClosing();
    const host = { ...this.#host, services: await this.#host.services() };
    let port: number | undefined;
    const warn = this.#protocolWarning("gRPC", () => port, options.elsewhere);
    const listener = await listenGrpc(host, options, shared, warn);
    port = listener.listening.port;
    if (this.isClosing) {
      const closed = listener.close();
      listener.cut(); // Otherwise it would wait for existing connections.
      await closed;
      throw errors.serverClosing();
    }
    this.#grpc.push(listener);
    if (port !== undefined) this.#ports.gRPC = port;
    return listener.listening;
  }

  /**
   * Reports not ready from now on, while requests are still served: each response closes its connection, and each
   * open gRPC connection receives GOAWAY.
   */
  leave(): void {
    this.#inFlight.leave();
    for (const listener of this.#grpc) listener.goAway();
  }

  /** Contract: `ModelServer.endStreams`. */
  endStreams(): void {
    this.#inFlight.endStreams();
  }

  /** The connections of all listeners; undefined if requests also arrive through an app's own server. */
  get connections(): ConnectionCount | undefined {
    if (this.#isMounted) return undefined;
    const counts = [
      ...this.#http.map(countConnections),
      ...this.#grpc.map((one) => one.connections),
    ];
    return counts.reduce(addCounts, { open: 0, accepted: 0 });
  }

  /** Rejects new requests, waits for requests in flight and stops listening: see `shutDown`. */
  shutDown(options: { readonly deadlineMs: number | undefined; clock: Clock }): Promise<ShutDown> {
    return shutDown({ inFlight: this.#inFlight, http: this.#http, grpc: this.#grpc }, options);
  }

  /** Returns the function that warns about clients that speak another protocol than the port. */
  #protocolWarning(
    protocol: Transport,
    port: () => number | undefined,
    elsewhere: string | undefined,
  ): () => void {
    const line = () => wrongProtocolLine(protocol, port(), this.#ports, elsewhere);
    return protocolWarning(this.#host, line);
  }
}
