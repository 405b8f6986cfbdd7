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

/** Options for all HTTP routes, regardless of where they are mounted. */
export interface HttpOptions {
  /** Allows browsers of any origin: `Access-Control-Allow-Origin: *`. Default false. */
  readonly cors?: boolean | undefined;
  /**
   * Timeout of a call in ms, measured from the end of its body; the response is then 504 (DEADLINE_EXCEEDED). Default
   * 30,000, as in TF Serving.
   */
  readonly timeoutMs?: number | undefined;
  /** Maximum body size in bytes, compressed and decompressed; a larger body is rejected with 413. Default 100 MiB. */
  readonly maxBodyBytes?: number | undefined;
}

/** The default of `timeoutMs`, TF Serving's. */
export const DEFAULT_TIMEOUT_MS = 30_000;

/** The default of `maxBodyBytes`: TF Serving's limit of decompressed bodies. */
export const DEFAULT_MAX_BODY_BYTES = 100 * 2 ** 20;

/** The headers of every response. */
export const COMMON_HEADERS = { "X-Content-Type-Options": "nosniff" } as const;

/** The headers of every response if CORS is enabled. */
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
  /** Reads and decompresses the body. Called at most once. */
  body(): Uint8Array | Promise<Uint8Array>;
  /** Aborts when the client has disconnected. */
  readonly signal?: AbortSignal | undefined;
  /** The memory that the request may use. */
  readonly allowance: CallAllowance;
  /** True if the `Host` of the request is allowed. Default true. */
  readonly isAllowed?: boolean;
  /** True if it arrived on a port of the server, where fallback routes are served too. Default false. */
  readonly isOwn?: boolean;
  /** True if it arrived over TLS. Default false. */
  readonly isSecure?: boolean;
}

/** A response to write. */
export interface OutgoingHttp extends HttpAnswer {
  /** True if the connection must be closed after the response. */
  readonly closesConnection?: boolean;
  /** For a stream: whether to close the connection after its last part. */
  readonly isLast?: () => boolean;
  /** For a stream: call once when it was written or aborted. */
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
 * The HTTP routes of all protocols, independent of the HTTP server.
 *
 * Never rejects: a thrown error becomes a response in the form of the protocol, with the status of its code.
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

  /** Handles a request. Counts it as in flight until its response, or until the end of its stream. */
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

/**
 * Returns the request that a route receives. A literal, because the fields of a class would be defined one by one for
 * each request.
 */
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
