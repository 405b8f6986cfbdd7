import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Server } from "@grpc/grpc-js";
import { admit } from "../limits/admit.js";
import type { LoopLimits } from "../limits/loop-limits.js";
import type { ConnectionCount } from "../listening/listener.js";
import { http2ServersOf } from "./server-internals.js";

/** Node's internals of a socket. */
type ReadingSocket = Socket & { readonly _handle?: { readStart?(): void } | null };

/** How often connections are read on, in ms. */
const READ_ON_MS = 1_000;

/**
 * The connections of a gRPC server from when they are accepted. grpc-js knows of one when its TLS handshake
 * is done: what never comes to that is not among those that `forceShutdown` ends.
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

  /** To be called whenever the server was bound. */
  watch(): void {
    for (const http2Server of http2ServersOf(this.#server)) {
      http2Server.off("connection", this.#hold).on("connection", this.#hold);
      http2Server.off("session", this.#holdSession).on("session", this.#holdSession);
      http2Server.off("sessionError", this.#onBroken).on("sessionError", this.#onBroken);
      // A connection that the system could not hand over is its client's trouble.
      http2Server.off("error", nothing).on("error", nothing);
    }
  }

  get count(): ConnectionCount {
    return { open: this.#sockets.size, accepted: this.#accepted };
  }

  /**
   * Sends GOAWAY on each that is open, and closes it when the calls that the server has read have ended. Its
   * client makes all others on another connection.
   */
  goAway(): void {
    for (const session of this.#sessions) session.close();
  }

  /** Ends them all at once. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /**
   * Node stops to read from a connection that broke HTTP/2, so that it does not find out that its client has gone.
   * Reading what is read already does nothing.
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

  /** Node waits for the client of a connection that broke HTTP/2, which may never hang up. */
  readonly #onBroken = (_error: Error, session: ServerHttp2Session | undefined) => {
    this.#limits.refused("broken_http2");
    const { socket } = session ?? {};
    session?.destroy();
    socket?.destroy();
  };
}

const nothing = () => {};
