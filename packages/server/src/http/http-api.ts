import type { Logger } from "@serving-kit/core";
import { errors } from "../errors.js";
import type { InFlight } from "../listening/in-flight.js";
import type { HttpAnswer, HttpRequest, Protocol } from "../plugins/protocol.js";
import type { CallHeaders } from "../plugins/server-core.js";
import { type ErrorStatus, statusOfFailure } from "../status-mapping.js";
import type { MatchedRoute, RouteTable } from "./route-table.js";

/** Options of everything that is served over HTTP, wherever it is mounted. */
export interface HttpOptions {
  /** Allows browsers of any origin: `Access-Control-Allow-Origin: *`. Default false. */
  readonly cors?: boolean;
  /**
   * Timeout of a call in ms, from when its body was read: it is answered 504 (DEADLINE_EXCEEDED). Default
   * 30,000, TF Serving's.
   */
  readonly timeoutMs?: number;
  /** Maximum body in bytes, before and after inflating; a larger one is 413. Default 100 MiB. */
  readonly maxBodyBytes?: number;
}

/** The default of `timeoutMs`, TF Serving's. */
export const DEFAULT_TIMEOUT_MS = 30_000;

/** The default of `maxBodyBytes`: what TF Serving inflates at most. */
export const DEFAULT_MAX_BODY_BYTES = 100 * 2 ** 20;

/** The headers of every answer when CORS is on. */
export const CORS_HEADERS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Methods": "POST, GET",
  "Access-Control-Allow-Headers": "Content-Type",
} as const;

/** A request of whatever HTTP server. */
export interface IncomingHttp {
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly headers: CallHeaders;
  readonly peer?: string | undefined;
  /** Reads the body, inflated; called at most once. */
  body(): Uint8Array | Promise<Uint8Array>;
  /** Aborts when the client has gone. */
  readonly signal?: AbortSignal | undefined;
}

/** An answer to be written. */
export interface OutgoingHttp extends HttpAnswer {
  /** Whether the connection should be closed after the answer. */
  readonly closesConnection?: boolean;
  /** Of a stream: whether the connection should be closed after its last part. */
  readonly isLast?: () => boolean;
  /** Of a stream: must be called once when it was written or given up. */
  readonly done?: () => void;
}

/** The parts of an event loop that the HTTP API uses. */
export interface HttpHost {
  readonly routes: RouteTable;
  readonly inFlight: InFlight;
  readonly logger: Logger;
}

/**
 * The HTTP routes of all protocols, for no HTTP server in particular.
 *
 * Never rejects: what is thrown becomes an answer in the form of the protocol, with the status of its code.
 */
export class HttpApi {
  readonly routes: RouteTable;
  readonly #inFlight: InFlight;
  readonly #logger: Logger;
  readonly #timeoutMs: number;

  constructor(
    { routes, inFlight, logger }: HttpHost,
    { timeoutMs = DEFAULT_TIMEOUT_MS }: HttpOptions = {},
  ) {
    this.routes = routes;
    this.#inFlight = inFlight;
    this.#logger = logger;
    this.#timeoutMs = timeoutMs;
  }

  /** Answers a request. Counts it as in flight until then, a stream until its end. */
  async handle(incoming: IncomingHttp): Promise<OutgoingHttp> {
    const match = this.routes.match(incoming.method, incoming.path);
    const inFlight = this.#inFlight;
    inFlight.begin();
    let answer: HttpAnswer;
    try {
      answer = await (match.found
        ? this.#answer(match.found, incoming)
        : this.#unmatched(incoming, match.methods));
    } catch (error) {
      answer = this.#failure(error, match.found?.protocol);
    }
    const closesConnection = inFlight.isLeaving && { closesConnection: true };
    if (answer.body instanceof Uint8Array) {
      inFlight.end();
      return closesConnection ? { ...answer, ...closesConnection } : answer;
    }
    const isLast = () => inFlight.isLeaving || inFlight.closing.aborted;
    return { ...answer, ...closesConnection, isLast, done: once(() => inFlight.end()) };
  }

  #answer({ route, params }: MatchedRoute, incoming: IncomingHttp) {
    if (this.#inFlight.isClosing && !route.whileClosing) throw errors.serverClosing();
    return route.handle(new RoutedRequest(incoming, params, this.#timeoutMs));
  }

  #unmatched({ method, path }: IncomingHttp, methods: readonly string[]): HttpAnswer {
    if (methods.length === 0) return { status: 404, body: json({ error: `Not found: ${path}` }) };
    const allowed = methods.flatMap((one) => (one === "GET" ? ["GET", "HEAD"] : [one])).join(", ");
    const error = `Method not allowed: ${method} ${path}; expected ${allowed}`;
    return { status: 405, headers: { Allow: allowed }, body: json({ error }) };
  }

  #failure(error: unknown, protocol: Protocol | undefined): HttpAnswer {
    const status = statusOfFailure(error, this.#logger, "an HTTP request");
    return protocol?.httpError?.(status) ?? httpError(status);
  }
}

/** The default of `Protocol.httpError`. */
function httpError({ httpStatus, message }: ErrorStatus): HttpAnswer {
  return { status: httpStatus, body: json({ error: message }) };
}

class RoutedRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly headers: CallHeaders;
  readonly signal: AbortSignal | undefined;
  readonly peer: string | undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly body: () => Uint8Array | Promise<Uint8Array>;

  constructor(
    { method, path, search, headers, signal, peer, body }: IncomingHttp,
    params: Readonly<Record<string, string>>,
    timeoutMs: number,
  ) {
    this.method = method;
    this.path = path;
    this.search = search;
    this.headers = headers;
    this.signal = signal;
    this.peer = peer;
    this.params = params;
    this.timeoutMs = timeoutMs;
    this.body = body;
  }
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}

const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));
