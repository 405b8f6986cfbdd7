import type { Socket } from "node:net";
import { isAllowedHost } from "./allowed-host.js";
import { clientSignal } from "./client-signal.js";
import { type PlainRequest, PlainRequests } from "./plain-request.js";

/** The parts of a listener that its connections use. */
export interface PlainHost {
  /** Handles a request, and then calls `next` of its connection, once. */
  readonly onPlain: (request: PlainRequest, connection: PlainConnection) => void;
  /** Adds a connection to node:http's server. */
  readonly serveByNode: (socket: Socket) => void;
  /** Reports a client that has not sent its first request in time. */
  readonly late: (socket: Socket) => void;
  /** The allowed values of `Host`: see `isAllowedHost`. */
  readonly allowedHosts: readonly string[];
  /** Time in ms for a client to send its first request; 0 for no limit. */
  readonly firstRequestMs: number;
  /** Time in ms between a response and the next request. */
  readonly keepAliveMs: number;
}

/** Time in ms that the body of a plain request may take. Afterwards node:http waits for the rest of it. */
const MAX_BODY_MS = 1_000;

/** Maximum number of parts in which a plain request may arrive: each part is parsed from the start. */
const MAX_PARTS = 8;

/**
 * Answers the plain requests of one connection, at half of node:http's cost for a small request.
 *
 * As soon as a connection receives anything but one plain request, or the next request before the response, it is
 * handed over to node:http with these bytes and stays there. A connection therefore has one parser at any time.
 */
export class PlainConnection {
  readonly socket: Socket;
  readonly peer: string | undefined;
  readonly isSecure: boolean;
  /** Aborts when the client disconnects. */
  readonly signal: AbortSignal;
  readonly #host: PlainHost;
  readonly #requests = new PlainRequests();
  /** The received bytes that were not handled yet: an incomplete request, or bytes that came before a response. */
  #waiting: Buffer | undefined;
  #parts = 0;
  #isBusy = false;
  #hasResponded = false;
  #timeoutMs = 0;
  /** The last `Host`, and whether it is allowed. A request without one always is. */
  #lastHost: string | undefined;
  #isAllowed = true;

  constructor(socket: Socket, host: PlainHost) {
    this.socket = socket;
    this.peer = socket.remoteAddress;
    this.isSecure = "encrypted" in socket;
    this.signal = clientSignal(socket);
    this.#host = host;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("timeout", this.#onTimeout);
    socket.on("error", ignore);
    this.#limitIdle(host.firstRequestMs);
  }

  /** Returns whether the `Host` of a request is allowed on this connection. */
  isAllowed(host: string | undefined): boolean {
    if (host !== this.#lastHost) {
      this.#lastHost = host;
      this.#isAllowed = isAllowedHost(host, this.socket.localAddress, this.#host.allowedHosts);
    }
    return this.#isAllowed;
  }

  /**
   * Accepts the next request. Called when the response to the current one was written. A client that does not read its
   * responses is not read either.
   */
  next(): void {
    const { socket } = this;
    if (!socket.writable) return;
    if (socket.writableNeedDrain) {
      socket.once("drain", () => this.next());
      return;
    }
    this.#isBusy = false;
    this.#hasResponded = true;
    if (this.#waiting) this.#handOver(this.#waiting);
    else this.#limitIdle(this.#host.keepAliveMs);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (!this.socket.writable) return; // No response can be sent.
    const bytes = this.#waiting ? Buffer.concat([this.#waiting, chunk]) : chunk;
    if (this.#isBusy) {
      this.#waiting = bytes;
      this.socket.pause();
      return;
    }
    const request = this.#requests.parse(bytes);
    if (request === "other") this.#handOver(bytes);
    else if (request === "incomplete") this.#wait(bytes);
    else {
      this.#waiting = undefined;
      this.#parts = 0;
      this.#isBusy = true;
      this.#host.onPlain(request, this);
    }
  };

  #wait(bytes: Buffer): void {
    if (++this.#parts === MAX_PARTS) {
      this.#handOver(bytes);
      return;
    }
    this.#waiting = bytes;
    this.#limitIdle(Math.min(MAX_BODY_MS, this.#host.firstRequestMs || MAX_BODY_MS));
  }

  /** Handles the end of what the client sends as node:http does: it is not told from the client's disconnect. */
  readonly #onEnd = (): void => {
    const { socket } = this;
    if (this.#waiting === undefined || this.#isBusy) {
      socket.end();
      return;
    }
    this.#handOver(this.#waiting);
    socket.emit("end"); // For the listener that has been added meanwhile.
  };

  readonly #onTimeout = (): void => {
    const { socket } = this;
    if (this.#isBusy || !socket.writable) return; // The response restarts the timer.
    if (this.#waiting) this.#handOver(this.#waiting);
    else if (this.#hasResponded) socket.destroy();
    else this.#host.late(socket);
  };

  #limitIdle(ms: number): void {
    if (ms !== this.#timeoutMs) this.socket.setTimeout(ms);
    this.#timeoutMs = ms;
  }

  #handOver(bytes: Buffer): void {
    const { socket } = this;
    this.#waiting = undefined;
    socket.off("data", this.#onData);
    socket.off("end", this.#onEnd);
    socket.off("timeout", this.#onTimeout);
    socket.off("error", ignore);
    this.#limitIdle(0);
    this.#host.serveByNode(socket);
    socket.emit("data", bytes);
    socket.resume(); // It is paused if the bytes came before a response.
  }
}

const ignore = () => {};
