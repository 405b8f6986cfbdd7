import type { Logger } from "@serving-kit/core";
import { type Authorize, authorizer, type CallAuthorizer } from "../calls/authorize.js";
import { errors } from "../errors.js";
import type { LoopLimits } from "../limits/loop-limits.js";
import type { InFlight } from "../listening/in-flight.js";
import type { CallAllowance } from "../plugins/call-budget.js";
import type { Awaitable, HttpAnswer, HttpRequest, Protocol } from "../plugins/protocol.js";
import type { CallHeaders } from "../plugins/server-core.js";
import { shortened } from "../shown-text.js";
import { type ErrorStatus, statusOfFailure } from "../status-mapping.js";
import type { MatchedRoute, RouteTable } from "./route-table.js";

/** Options of everything that is served over HTTP, wherever it is mounted. */
export interface HttpOptions {
  /** Allows browsers of any origin: `Access-Control-Allow-Origin: *`. Default false. */
  readonly cors?: boolean | undefined;
  /**
   * Timeout of a call in ms, from when its body was read: it is answered 504 (DEADLINE_EXCEEDED). Default
   * 30,000, TF Serving's.
   */
  readonly timeoutMs?: number | undefined;
  /** Maximum body in bytes, before and after inflating; a larger one is 413. Default 100 MiB. */
  readonly maxBodyBytes?: number | undefined;
}

/** The default of `timeoutMs`, TF Serving's. */
export const DEFAULT_TIMEOUT_MS = 30_000;

/** The default of `maxBodyBytes`: what TF Serving inflates at most. */
export const DEFAULT_MAX_BODY_BYTES = 100 * 2 ** 20;

/** The headers of every answer. */
export const COMMON_HEADERS = { "X-Content-Type-Options": "nosniff" } as const;

/** The headers of every answer when CORS is on. */
export const CORS_HEADERS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Methods": "POST, GET",
  "Access-Control-Allow-Headers": "Content-Type",
} as const;

/** A request of any HTTP server. */
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
  /** The memory that the request may take. */
  readonly allowance: CallAllowance;
  /** Whether the name by which the client reached the server may be used. Default true. */
  readonly isAllowed?: boolean;
  /** Whether it came to a port of the server, where fallback routes are answered too. Default false. */
  readonly isOwn?: boolean;
  /** Whether it came over TLS. Default false. */
  readonly isSecure?: boolean;
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
  readonly limits: Pick<LoopLimits, "refused">;
  readonly authorize: Authorize | undefined;
}

/**
 * The HTTP routes of all protocols, for no HTTP server in particular.
 *
 * Never rejects: what is thrown becomes an answer in the form of the protocol, with the status of its code.
 */
export class HttpApi {
  readonly routes: RouteTable;
  readonly #inFlight: InFlight;
  readonly #host: HttpHost;
  readonly #timeoutMs: number;

  constructor(host: HttpHost, { timeoutMs = DEFAULT_TIMEOUT_MS }: HttpOptions = {}) {
    this.routes = host.routes;
    this.#inFlight = host.inFlight;
    this.#host = host;
    this.#timeoutMs = timeoutMs;
  }

  /** Answers a request. Counts it as in flight until then, a stream until its end. */
  async handle(incoming: IncomingHttp): Promise<OutgoingHttp> {
    const match = this.routes.match(incoming.method, incoming.path, incoming.isOwn);
    const inFlight = this.#inFlight;
    inFlight.begin();
    let answer: HttpAnswer;
    try {
      if (incoming.isAllowed === false) throw errors.hostNotAllowed(incoming.headers.host);
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

  #answer({ route, params }: MatchedRoute, incoming: IncomingHttp): Awaitable<HttpAnswer> {
    if (this.#inFlight.isClosing && !route.whileClosing) throw errors.serverClosing();
    const { authorize } = this.#host;
    const request = routedRequest(incoming, params, this.#timeoutMs);
    if (authorize === undefined) return route.handle(request);
    request.authorize = authorizer(authorize, {
      metadata: incoming.headers,
      peer: incoming.peer,
      protocol: "http",
      method: `${incoming.method} ${incoming.path}`,
    });
    return request.authorize().then(() => route.handle(request));
  }

  #unmatched({ method, path }: IncomingHttp, methods: readonly string[]): HttpAnswer {
    const shown = shortened(path);
    if (methods.length === 0) return { status: 404, body: json({ error: `Not found: ${shown}` }) };
    const allowed = methods.flatMap((one) => (one === "GET" ? ["GET", "HEAD"] : [one])).join(", ");
    const error = `Method not allowed: ${method} ${shown}; expected ${allowed}`;
    return { status: 405, headers: { Allow: allowed }, body: json({ error }) };
  }

  #failure(error: unknown, protocol: Protocol | undefined): HttpAnswer {
    const { logger, limits } = this.#host;
    const status = statusOfFailure(error, logger, "an HTTP request");
    if (status.refusal !== undefined) limits.refused(status.refusal);
    const answer = protocol?.httpError?.(status) ?? httpError(status);
    const { retryAfterMs } = status;
    if (retryAfterMs === undefined) return answer;
    const seconds = String(Math.ceil(retryAfterMs / 1_000));
    return { ...answer, headers: { ...answer.headers, "Retry-After": seconds } };
  }
}

/** The default of `Protocol.httpError`. */
function httpError({ httpStatus, message }: ErrorStatus): HttpAnswer {
  return { status: httpStatus, body: json({ error: message }) };
}

interface RoutedRequest extends HttpRequest {
  authorize: CallAuthorizer | undefined;
}

/** The request as a route receives it. A literal: fields of a class are defined one by one, for each request. */
function routedRequest(
  incoming: IncomingHttp,
  params: Readonly<Record<string, string>>,
  timeoutMs: number,
): RoutedRequest {
  return {
    method: incoming.method,
    path: incoming.path,
    search: incoming.search,
    headers: incoming.headers,
    signal: incoming.signal,
    peer: incoming.peer,
    isSecure: incoming.isSecure ?? false,
    params,
    timeoutMs,
    body: incoming.body,
    allowance: incoming.allowance,
    authorize: undefined,
  };
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
