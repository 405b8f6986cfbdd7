import type { Server } from "node:http";
import type { Clock } from "@serving-kit/core";
import type { CallObserver } from "../calls/call-observer.js";
import { errors } from "../errors.js";
import type { GrpcHost } from "../grpc/grpc-host.js";
import type { GrpcListener, GrpcListening, GrpcListenOptions } from "../grpc/grpc-listener.js";
import type { Entrypoint } from "../metrics/call-metrics.js";
import { createFetchHandler, type FetchHandler } from "../rest/fetch-handler.js";
import { createRestListener, type RestListener } from "../rest/node-listener.js";
import { RestApi, type RestOptions, type RestPage } from "../rest/rest-api.js";
import type { ServerCore } from "../server-core.js";
import {
  closeHttp,
  countConnections,
  type Listening,
  type ListenOptions,
  listenHttp,
  type SocketListening,
  type SocketListenOptions,
} from "./http-listener.js";
import { InFlight } from "./in-flight.js";
import { addCounts, type ConnectionCount } from "./lame-duck.js";
import type { SharedListen } from "./port-sharing.js";
import { type ShutDown, shutDown } from "./shutdown.js";
import { type Protocol, protocolWarning, wrongProtocolLine } from "./wrong-protocol.js";

/** What the transports of one event loop stand on. */
export interface TransportsHost extends Pick<GrpcHost, "reload" | "counts" | "onStateChange"> {
  readonly core: Omit<ServerCore, "observer" | "isReady" | "isStarted">;
  /** Whether the start-up policy was met. */
  isStarted(): boolean;
  /** Whether what it asked for still holds. */
  isServing(): boolean;
  /** What watches the calls of a transport now. Asked for each call. */
  observer(entrypoint: Entrypoint): CallObserver | undefined;
  readonly rest: RestOptions | undefined;
  /** The page beside the REST API. */
  readonly page: RestPage | undefined;
}

/** REST and gRPC over one server core, in one event loop, from listening to the last answer. */
export class Transports {
  readonly rest: RestListener;
  readonly fetch: FetchHandler;
  readonly #listener: RestListener;
  readonly #host: TransportsHost;
  readonly #inFlight = new InFlight();
  readonly #http: Server[] = [];
  readonly #grpc: GrpcListener[] = [];
  /** The last port of each protocol. */
  readonly #ports: Partial<Record<Protocol, number>> = {};
  /** Whether requests come from a server of the app, whose connections are not known here. */
  #isMounted = false;

  constructor(host: TransportsHost) {
    this.#host = host;
    const { core, rest, page } = host;
    const api = new RestApi(this.#core("REST"), this.#inFlight, rest, page);
    this.#listener = createRestListener(api, core.logger, rest);
    this.rest = (request, response, next) => {
      this.#isMounted = true;
      this.#listener(request, response, next);
    };
    const fetch = createFetchHandler(api, rest);
    this.fetch = (request) => {
      this.#isMounted = true;
      return fetch(request);
    };
  }

  /** Whether new requests are refused. */
  get isClosing(): boolean {
    return this.#inFlight.isClosing;
  }

  /** Contract: `ModelServer.listen`; at `shared`, where other loops listen at the same port. */
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
    const { server, listening } = await listenHttp(onRequest, options, shared, warn);
    if ("port" in listening) port = listening.port;
    if (this.isClosing) {
      await closeHttp(server);
      throw errors.serverClosing();
    }
    this.#http.push(server);
    if (port !== undefined) this.#ports.REST = port;
    return listening;
  }

  /** Contract: `ModelServer.listenGrpc`; at `shared`, where other loops listen at the same port. */
  async listenGrpc(options: GrpcListenOptions, shared?: SharedListen): Promise<GrpcListening> {
    // Loaded late: who serves no gRPC need not wait for its library.
    const { listenGrpc } = await import("../grpc/grpc-listener.js");
    if (this.isClosing) throw errors.serverClosing();
    const { reload, counts, onStateChange } = this.#host;
    const core = this.#core("GRPC");
    const host = { core, inFlight: this.#inFlight, reload, counts, onStateChange };
    let port: number | undefined;
    const warn = this.#protocolWarning("gRPC", () => port, options.elsewhere);
    const listener = await listenGrpc(host, options, shared, warn);
    port = listener.listening.port;
    if (this.isClosing) {
      const closed = listener.close();
      listener.cut(); // else it would wait for who has connected already
      await closed;
      throw errors.serverClosing();
    }
    this.#grpc.push(listener);
    if (port !== undefined) this.#ports.gRPC = port;
    return listener.listening;
  }

  /**
   * Not ready from now on, while requests are answered as before: each answer closes its connection, and
   * GOAWAY is sent on each gRPC connection that is open.
   */
  leave(): void {
    this.#inFlight.leave();
    for (const listener of this.#grpc) listener.goAway();
  }

  /** The connections of all listeners; undefined if there are others, of an app's own server. */
  get connections(): ConnectionCount | undefined {
    if (this.#isMounted) return undefined;
    const counts = [
      ...this.#http.map(countConnections),
      ...this.#grpc.map((one) => one.connections),
    ];
    return counts.reduce(addCounts, { open: 0, accepted: 0 });
  }

  /** Refuses new requests, waits for those in flight and stops listening: see `shutDown`. */
  shutDown(options: { readonly deadlineMs: number | undefined; clock: Clock }): Promise<ShutDown> {
    return shutDown({ inFlight: this.#inFlight, http: this.#http, grpc: this.#grpc }, options);
  }

  /** What warns of clients that speak another protocol than the port. */
  #protocolWarning(
    protocol: Protocol,
    port: () => number | undefined,
    elsewhere: string | undefined,
  ): () => void {
    const line = () => wrongProtocolLine(protocol, port(), this.#ports, elsewhere);
    return protocolWarning(this.#host.core, line);
  }

  /** The server as the handlers of one transport see it. */
  #core(entrypoint: Entrypoint): ServerCore {
    const { core, isStarted, isServing, observer } = this.#host;
    const isReady = () => isStarted() && isServing() && !this.#inFlight.isLeaving;
    const acquire: ServerCore["acquire"] = (request) => {
      if (!isStarted()) throw errors.serverStarting();
      return core.acquire(request);
    };
    return {
      ...core,
      acquire,
      isStarted,
      isReady,
      get observer() {
        return observer(entrypoint);
      },
    };
  }
}
