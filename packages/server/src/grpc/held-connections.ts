import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Server } from "@grpc/grpc-js";
import type { ConnectionCount } from "../listening/listener.js";
import { http2ServersOf } from "./server-internals.js";

/**
 * The connections of a gRPC server from when they are accepted. grpc-js knows of one when its TLS handshake
 * is done: what never comes to that is not among those that `forceShutdown` ends.
 */
export class HeldConnections {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  #accepted = 0;

  constructor(server: Server) {
    this.#server = server;
  }

  /** To be called whenever the server was bound. */
  watch(): void {
    for (const http2Server of http2ServersOf(this.#server)) {
      http2Server.off("connection", this.#hold).on("connection", this.#hold);
      http2Server.off("session", this.#holdSession).on("session", this.#holdSession);
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

  readonly #hold = (socket: Socket) => {
    this.#accepted++;
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  };

  readonly #holdSession = (session: ServerHttp2Session) => {
    this.#sessions.add(session);
    session.once("close", () => this.#sessions.delete(session));
  };
}

const nothing = () => {};
