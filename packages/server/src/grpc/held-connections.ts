import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Server } from "@grpc/grpc-js";
import { admit } from "../limits/admit.js";
import type { LoopLimits } from "../limits/loop-limits.js";
import type { ConnectionCount } from "../listening/listener.js";
import { http2ServersOf } from "./server-internals.js";

/** Node's internals of a socket. */
type ReadingSocket = Socket & { readonly _handle?: { readStart?(): void } | null };

/** Interval in ms at which reading on connections is resumed. */
const READ_ON_MS = 1_000;

/**
 * The connections of a gRPC server, from when they are accepted. grpc-js tracks a connection only after its TLS
 * handshake, so `forceShutdown` does not close earlier ones.
 */
export class HeldConnections {
  readonly #server: Server;
  readonly #limits: LoopLimits;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  #accepted = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(server: Server, limits: LoopLimits) {
    this.#server = server;
    this.#limits = limits;
  }

  /** Call after each bind of the server. */
  watch(): void {
    for (const http2Server of http2ServersOf(this.#server)) {
      http2Server.off("connection", this.#hold).on("connection", this.#hold);
      http2Server.off("session", this.#holdSession).on("session", this.#holdSession);
      http2Server.off("sessionError", this.#onBroken).on("sessionError", this.#onBroken);
      // An error of a single connection that the system could not accept.
      http2Server.off("error", nothing).on("error", nothing);
    }
  }

  get count(): ConnectionCount {
    return { open: this.#sockets.size, accepted: this.#accepted };
  }

  /**
   * Sends GOAWAY on each open connection, and closes it when the calls that the server has read have ended. Clients
   * make all further calls on other connections.
   */
  goAway(): void {
    for (const session of this.#sessions) session.close();
  }

  /** Closes all connections immediately. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /**
   * Node stops reading from a connection that violated HTTP/2, and then does not notice that its client has
   * disconnected. Resuming a connection that is being read does nothing.
   */
  #readOn(): void {
    for (const { _handle } of this.#sockets as Set<ReadingSocket>) _handle?.readStart?.();
    if (this.#sockets.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  readonly #hold = (socket: Socket) => {
    this.#accepted++;
    if (!admit(socket, this.#limits)) return;
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    this.#timer ??= setInterval(() => this.#readOn(), READ_ON_MS).unref(); // no Clock: sockets
  };

  readonly #holdSession = (session: ServerHttp2Session) => {
    this.#sessions.add(session);
    session.once("close", () => this.#sessions.delete(session));
  };

  /** Node waits for the client to close a connection that violated HTTP/2, which it may never do. */
  readonly #onBroken = (_error: Error, session: ServerHttp2Session | undefined) => {
    this.#limits.refused("broken_http2");
    const { socket } = session ?? {};
    session?.destroy();
    socket?.destroy();
  };
}

const nothing = () => {};
